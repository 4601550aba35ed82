// The key for talking as it is pressed, kept and shown: `Ctrl+Alt+KeyT`, by the codes of the W3C's UI Events.

import { words } from '../shared/words';

type Pressed = Pick<
  KeyboardEvent,
  'key' | 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey' | 'getModifierState'
>;

const MODIFIERS = [
  'Control',
  'Alt',
  'AltGraph',
  'Shift',
  'Meta',
  'OS',
  'Super',
  'Hyper',
  'CapsLock',
  'NumLock',
  'Fn',
];
/** What nobody types with, so that it may be held alone. */
const ALONE = /^(F\d+|Pause|ScrollLock|Insert)$/;
/** What can be had, as far as systems agree on it. */
const KNOWN =
  /^(Key[A-Z]|Digit\d|F([1-9]|1\d|2[0-4])|Numpad(\d|Add|Subtract|Multiply|Divide|Decimal)|Arrow(Up|Down|Left|Right)|Bracket(Left|Right)|Page(Up|Down)|Backquote|Minus|Equal|Backslash|Semicolon|Quote|Comma|Period|Slash|Space|Tab|Enter|Backspace|Insert|Delete|Home|End|Pause|ScrollLock)$/;

/** While a key is chosen, no other key of calls means anything. */
export const choosing = { on: false };

/** The modifiers that are held, as they are kept. */
export function heldOf(pressed: Pressed): string[] {
  const held: [boolean, string][] = [
    [pressed.ctrlKey, 'Ctrl'],
    [pressed.altKey, 'Alt'],
    [pressed.shiftKey, 'Shift'],
    [pressed.metaKey || pressed.getModifierState('Super') || pressed.getModifierState('OS'), 'Super'],
  ];
  return held.filter(([is]) => is).map(([, name]) => name);
}

/** A letter is the one that is written on the key, wherever a layout puts it; that is how systems find it. */
function codeOf({ key, code }: Pressed): string {
  return /^[a-z]$/i.test(key) && !/Mac/.test(navigator.platform) ? `Key${key.toUpperCase()}` : code;
}

/** What was chosen: the combination, or why it is none. Nothing yet while only modifiers are held. */
export function chosenBy(pressed: Pressed): { kept: string } | { why: 'alone' | 'unknown' } | null {
  if (MODIFIERS.includes(pressed.key)) return null;
  const held = heldOf(pressed);
  const code = codeOf(pressed);
  if (!KNOWN.test(code)) return { why: 'unknown' };
  if (!ALONE.test(code) && !held.some((one) => one !== 'Shift')) return { why: 'alone' };
  return { kept: [...held, code].join('+') };
}

/** What is to be held, one name for each key. */
export function namesOf(kept: string): string[] {
  return kept.split('+').map(nameOf);
}

function nameOf(code: string): string {
  const known = words.keyNames[code];
  if (known !== undefined) return known;
  if (code.startsWith('Numpad')) return `Num ${nameOf(code.slice('Numpad'.length))}`;
  return code.replace(/^(Key|Digit)/, '');
}
