// What a line that begins with a slash asks for, in the words of every language.

import { languages, words, type Words } from '../shared/words';

export type CommandName = keyof Words['commands'];

/** A command as it is offered while one types. */
export interface CommandOffer {
  command: CommandName;
  /** With its slash. */
  name: string;
  takes: string;
  does: string;
}

export type Heard =
  | { kind: 'text'; text: string }
  | { kind: 'command'; command: CommandName; rest: string }
  /** No command, or one that lacks its words. */
  | { kind: 'unclear'; name: string; bare: boolean };

/** A path or a fraction is no command: a letter follows the slash, and no other slash the word. */
const LINE = /^(\/\/?)(\p{L}[^\s/]*)(?:\s+([\s\S]*))?$/u;
const BEGUN = /^\/(\p{L}*)$/u;

/** What becomes of a line; a second slash in front makes a text of what would be a command. */
export function heardIn(line: string): Heard {
  const [, slashes = '', word = '', after = ''] = LINE.exec(line) ?? [];
  const command = slashes === '' ? undefined : commandNamed(word);
  const rest = after.trim();
  if (slashes === '//' && command !== undefined && command !== 'me') {
    return { kind: 'text', text: line.slice(1) };
  }
  if (slashes !== '/') return { kind: 'text', text: line };
  if (command === undefined) return { kind: 'unclear', name: `/${word}`, bare: false };
  if (command === 'me' && rest === '') return { kind: 'unclear', name: `/${word}`, bare: true };
  return { kind: 'command', command, rest };
}

/** Whether a text that is being written is going to be said. */
export function isTalk(text: string): boolean {
  if (text === '' || text === '/') return false;
  const heard = heardIn(text);
  return heard.kind === 'text' || (heard.kind === 'command' && heard.command === 'me');
}

/** All commands in the language of the screen. */
export function allCommands(): CommandOffer[] {
  return commandsOf(words).flatMap((command) => offered(words, command, 0));
}

/** What the text before the caret may become: by names of the screen's language, else by those of others. */
export function commandsFor(before: string): CommandOffer[] {
  const typed = BEGUN.exec(before)?.[1];
  if (typed === undefined) return [];
  const begun = folded(typed);
  return commandsOf(words).flatMap((command) => {
    for (const language of [words, ...Object.values(languages)]) {
      const at = language.commands[command].names.findIndex((name) => folded(name).startsWith(begun));
      if (at >= 0) return offered(language, command, at);
    }
    return [];
  });
}

/** Whether an offer is what is written out already. */
export const writtenOut = (offer: CommandOffer, before: string): boolean =>
  folded(offer.name) === folded(before);

function offered(language: Words, command: CommandName, at: number): CommandOffer[] {
  const name = language.commands[command].names[at];
  const { takes, does } = words.commands[command];
  return name === undefined ? [] : [{ command, name: `/${name}`, takes, does }];
}

function commandNamed(word: string): CommandName | undefined {
  const wanted = folded(word);
  return commandsOf(words).find((command) =>
    Object.values(languages).some((language) =>
      language.commands[command].names.some((name) => folded(name) === wanted),
    ),
  );
}

const commandsOf = (language: Words): CommandName[] => Object.keys(language.commands) as CommandName[];

/** Whatever its case, and with or without its dots and accents. */
const folded = (name: string): string => name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
