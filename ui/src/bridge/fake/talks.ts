// All conversations of the fake: saying, editing, deleting, reacting, searching.

import type { BuddyView } from '../generated/BuddyView';
import type { CallRecord } from '../generated/CallRecord';
import type { Command } from '../generated/Command';
import type { Delivery } from '../generated/Delivery';
import type { EditView } from '../generated/EditView';
import type { MessageView } from '../generated/MessageView';
import type { QuoteView } from '../generated/QuoteView';
import type { Reply } from '../generated/Reply';
import type { SearchHit } from '../generated/SearchHit';
import type { SearchPage } from '../generated/SearchPage';
import type { SnippetPart } from '../generated/SnippetPart';
import { message } from './cast';
import type { People } from './people';
import { read } from './prose';
import { DONE, refused, type Stage } from './stage';
import { Talk } from './talk';

const LONGEST = 16_000;
/** Characters of what was looked for that are shown before and after it. */
const AROUND = 40;

type Said<T extends Command['type']> = Extract<Command, { type: T }>;

export class Talks {
  readonly #stage: Stage;
  readonly #people: People;
  readonly #talks = new Map<string, Talk>();

  constructor(stage: Stage, people: People) {
    this.#stage = stage;
    this.#people = people;
  }

  with(buddy: string): Talk {
    let talk = this.#talks.get(buddy);
    if (!talk) this.#talks.set(buddy, (talk = new Talk([])));
    return talk;
  }

  set(buddy: string, talk: Talk): void {
    this.#talks.set(buddy, talk);
  }

  /** Let a message arrive from a buddy. */
  arrive(id: string, text: string, more: Partial<MessageView> = {}): void {
    const known = this.#people.buddies.get(id);
    if (!known) return;
    const arrived = { ...message(known, false, text, Date.now()), ...more };
    const talk = this.with(id);
    talk.add(arrived);
    if (known.unread === 0) talk.firstUnread = arrived.id;
    this.#stage.tell({ type: 'messageArrived', message: arrived });
    this.#people.change(id, { unread: known.unread + 1, lastMessageMs: arrived.sentMs, typing: false });
  }

  send({ buddy, text, replyTo }: Said<'sendMessage'>): Reply {
    const known = this.#people.known(buddy);
    if (text.trim() === '' || text.length > LONGEST) throw refused('badText');
    this.queue(known, { text, quote: replyTo === null ? null : this.#quote(buddy, replyTo), ...read(text) });
    return DONE;
  }

  /** Say something that is more than words, on the same road as words. */
  queue(to: BuddyView, what: Partial<MessageView>): MessageView {
    const sent = { ...message(to, true, what.text ?? '', Date.now(), this.#waiting(to)), ...what };
    const talk = this.with(to.id);
    talk.add(sent);
    talk.draft = '';
    this.#stage.tell({ type: 'messageQueued', message: sent });
    if (to.route && sent.delivery?.type === 'queued' && sent.delivery.why === 'turn')
      void this.#carry(to, sent);
    return sent;
  }

  /** What stays of a call. */
  trace(id: string, mine: boolean, call: CallRecord): void {
    const known = this.#people.buddies.get(id);
    if (!known) return;
    if (!mine) {
      this.arrive(id, '', { call });
      return;
    }
    const said = { ...message(known, true, '', Date.now()), call };
    this.with(id).add(said);
    this.#stage.tell({ type: 'messageQueued', message: said });
  }

  edit({ buddy, message: id, text }: Said<'editMessage'>): Reply {
    if (text.trim() === '' || text.length > LONGEST) throw refused('badText');
    const talk = this.with(buddy);
    const old = this.#mine(buddy, id);
    talk.edits.set(id, [...(talk.edits.get(id) ?? []), { text: old.text, atMs: old.sentMs }]);
    this.change({ ...old, text, edited: true, ...read(text) });
    return DONE;
  }

  /** All texts of a message, the one it has last. */
  editsOf(buddy: string, id: string): EditView[] {
    const known = this.with(buddy).find(id);
    const earlier = this.with(buddy).edits.get(id) ?? [];
    return known && !known.deleted ? [...earlier, { text: known.text, atMs: known.sentMs }] : [];
  }

  delete({ buddy, message: id }: Said<'deleteMessage'>): Reply {
    const gone = { text: '', body: [], deleted: true, edited: false, reactions: [], quote: null, file: null };
    this.change({ ...this.#mine(buddy, id), ...gone });
    this.with(buddy).edits.delete(id);
    return DONE;
  }

  react({ buddy, message: id, emoji, on }: Said<'react'>): Reply {
    const old = this.with(buddy).find(id);
    if (!old) throw refused('unknown');
    const others = old.reactions.filter((known) => known.emoji !== emoji);
    const theirs = old.reactions.find((known) => known.emoji === emoji)?.theirs ?? false;
    const reactions = on || theirs ? [...others, { emoji, mine: on, theirs }] : others;
    this.change({ ...old, reactions });
    return DONE;
  }

  cancel({ buddy, message: id }: Said<'cancelMessage'>): Reply {
    this.deliver(buddy, id, { type: 'cancelled' });
    return DONE;
  }

  forget(buddy: string): Reply {
    this.#talks.delete(buddy);
    this.#stage.tell({ type: 'conversationForgotten', buddy });
    this.#people.change(buddy, { unread: 0, lastMessageMs: null });
    return DONE;
  }

  /** Put a message in place of what it was, and say so. */
  change(changed: MessageView): void {
    this.with(changed.buddy).put(changed);
    this.#stage.tell({ type: 'messageChanged', message: changed });
  }

  deliver(buddy: string, id: string, delivery: Delivery): void {
    const known = this.with(buddy).find(id);
    if (!known) return;
    this.with(buddy).put({ ...known, delivery });
    this.#stage.tell({ type: 'deliveryChanged', buddy, messages: [id], delivery });
  }

  search(query: string, buddy: string | null, before: string | null, limit: number): SearchPage {
    const wanted = query.trim().toLowerCase();
    const hits: SearchHit[] = [];
    if (wanted === '') return { hits, more: false };
    const talks = buddy === null ? [...this.#talks.values()] : [this.with(buddy)];
    for (const talk of talks) {
      for (let n = talk.length - 1; n >= 0; n--) {
        const said = talk.at(n);
        if (!said || said.deleted) continue;
        const at = said.text.toLowerCase().indexOf(wanted);
        if (at < 0 || (before !== null && placeOf(said) >= before)) continue;
        hits.push(hitOf(said, at, wanted.length));
        if (hits.length > limit && buddy !== null) break;
      }
    }
    hits.sort((a, b) => (`${a.order}:${a.message}` < `${b.order}:${b.message}` ? 1 : -1));
    return { hits: hits.slice(0, limit), more: hits.length > limit };
  }

  #mine(buddy: string, id: string): MessageView {
    const known = this.with(buddy).find(id);
    if (!known?.mine) throw refused('unknown');
    return known;
  }

  #quote(buddy: string, id: string): QuoteView | null {
    const said = this.with(buddy).find(id);
    return said
      ? { id, mine: said.mine, text: (plainly(said.text) || (said.file?.name ?? '')).slice(0, 200) }
      : null;
  }

  #waiting(to: BuddyView): Delivery {
    const queued = (why: Extract<Delivery, { type: 'queued' }>['why'], inMs: number | null): Delivery => ({
      type: 'queued',
      why,
      nextTryMs: inMs === null ? null : Date.now() + inMs,
    });
    if (this.#people.invisible) return queued('invisible', null);
    if (to.keyAlarm) return queued('keyAlarm', null);
    if (to.relation === 'asked') return queued('notBuddies', null);
    return to.route ? queued('turn', null) : queued('buddyOffline', 24_000);
  }

  async #carry(to: BuddyView, sent: MessageView): Promise<void> {
    const { wait, pace } = { wait: (ms: number) => this.#stage.wait(ms), pace: this.#stage.pace };
    if (pace === 0) return;
    await wait(150);
    this.deliver(to.id, sent.id, { type: 'sent', route: to.route ?? 'direct' });
    await wait(250);
    this.deliver(to.id, sent.id, { type: 'delivered', atMs: Date.now() });
    await wait(900);
    this.deliver(to.id, sent.id, { type: 'read', atMs: Date.now() });
    this.#people.change(to.id, { typing: true });
    await wait(2200);
    this.arrive(to.id, 'sounds good 🍊');
  }
}

/** Without its marks, as the core sends it. */
export const plainly = (text: string): string =>
  text.replace(/\*\*|~~|`|\]\(\S*\)|\[/gu, '').replace(/\s+/gu, ' ');

const placeOf = (said: MessageView): string => `${said.order}:${said.id}`;

function hitOf(said: MessageView, at: number, length: number): SearchHit {
  const from = Math.max(0, at - AROUND);
  const to = Math.min(said.text.length, at + length + AROUND);
  const snippet: SnippetPart[] = [
    { text: `${from > 0 ? '…' : ''}${said.text.slice(from, at)}`, hit: false },
    { text: said.text.slice(at, at + length), hit: true },
    { text: `${said.text.slice(at + length, to)}${to < said.text.length ? '…' : ''}`, hit: false },
  ];
  return {
    message: said.id,
    buddy: said.buddy,
    mine: said.mine,
    sentMs: said.sentMs,
    order: said.order,
    snippet,
  };
}
