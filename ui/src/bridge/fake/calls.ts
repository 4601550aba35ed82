// The fake's calls: placed ones ring and are answered, incoming ones come when they are asked for.
//
// The echo answers at once, whoever is busy declines, whoever is reached by the relay never answers, everyone else does
// after a while. Without a pace nothing goes on by itself: tests say what happens next.

import type { CallPerson } from '../generated/CallPerson';
import type { CallRecord } from '../generated/CallRecord';
import type { CallView } from '../generated/CallView';
import type { Command } from '../generated/Command';
import type { EndReason } from '../generated/EndReason';
import type { Reply } from '../generated/Reply';
import type { Shows } from '../generated/Shows';
import { ECHO } from '../../shared/names';
import type { People } from './people';
import { person, whole } from './persons';
import type { Sounds } from './sounds';
import { DONE, refused, type Stage } from './stage';
import type { Talks } from './talks';
import type { Video } from './video';

type Asked<T extends Command['type']> = Extract<Command, { type: T }>;

/** As many as the engine allows. */
const MOST = 4;
/** In one call, without me. */
const MOST_PEOPLE = 7;

export class Calls {
  readonly calls = new Map<string, CallView>();
  readonly #stage: Stage;
  readonly #people: People;
  readonly #talks: Talks;
  readonly #sounds: Sounds;
  readonly #video: Video;
  #next = 1;

  constructor(stage: Stage, people: People, talks: Talks, sounds: Sounds, video: Video) {
    this.#stage = stage;
    this.#people = people;
    this.#talks = talks;
    this.#sounds = sounds;
    this.#video = video;
    sounds.call = () => [...this.calls.values()].find((one) => one.stage === 'talking' && !one.held);
    video.shownBy = (person) => this.#shownBy(person);
    video.blind = () => {
      for (const id of this.calls.keys()) this.change(id, { shows: 'nothing' });
    };
  }

  place({ buddy, video }: Asked<'placeCall'>): Reply {
    if (buddy === ECHO) return this.#echo();
    const who = this.#people.known(buddy);
    if (who.route === null || !who.canVoice) throw refused('notReachable');
    if (this.#sounds.devices.microphones.length === 0) throw refused('noSound');
    if (this.#isIn(buddy) || this.calls.size >= MOST) throw refused('inCall');
    this.#holdOthers(null);
    const { id } = this.begin(buddy, { mine: true, stage: 'calling', shows: video ? 'camera' : 'nothing' });
    if (this.#stage.pace > 0) void this.#ring(id);
    return DONE;
  }

  /** A call there is from here on, as it is told. */
  begin(buddy: string, more: Partial<CallView>): CallView {
    const id = this.#id();
    const call = whole({
      id,
      buddy,
      mine: false,
      stage: 'incoming',
      talkingSinceMs: null,
      muted: this.#sounds.settings.pushToTalk,
      deafened: false,
      held: false,
      heldByThem: false,
      theyMuted: false,
      theyRecord: false,
      recording: false,
      volume: 100,
      with: [],
      offers: 'nothing',
      shows: 'nothing',
      ...more,
    });
    this.calls.set(id, call);
    this.#stage.tell({ type: 'callChanged', call });
    return call;
  }

  /** Whatever a call should be from here on. */
  change(id: string, difference: Partial<CallView>): void {
    const known = this.calls.get(id);
    if (!known) return;
    const call = whole({ ...known, ...difference });
    this.calls.set(id, call);
    this.#stage.tell({ type: 'callChanged', call });
  }

  /** Somebody in a call, by their id, changes. */
  changePerson(id: string, difference: Partial<CallPerson>): void {
    const call = this.#with(id);
    const people = call?.people.map((one) => (one.id === id ? { ...one, ...difference } : one));
    if (call && people) this.change(call.id, { people });
  }

  /** Somebody is brought into a call: the id they have in it. */
  join(call: string, buddy: string, more: Partial<CallPerson> = {}): string {
    const one = person(this.#id(), buddy, more);
    this.change(call, { people: [...this.#known(call).people, one] });
    return one.id;
  }

  /** One of several is gone: whoever hosts is told to all but who let them go. */
  leave(id: string, reason: EndReason): void {
    const call = this.#with(id);
    const gone = call?.people.find((one) => one.id === id);
    if (!call || !gone) throw refused('unknown');
    const people = call.people.filter((one) => one.id !== id);
    const [next] = people;
    if (!next) return void this.end(call.id, reason);
    const hosted = gone.name === null && next.name === null;
    const { buddy, name } = gone;
    this.change(call.id, { people, ...(hosted && { buddy: next.buddy }) });
    if (reason !== 'localHangUp') this.#stage.tell({ type: 'callLeft', call: call.id, buddy, name, reason });
  }

  add({ call, buddy }: Asked<'addToCall'>): Reply {
    const who = this.#people.known(buddy);
    const known = this.#known(call);
    if (who.route === null || !who.canVoice) throw refused('notReachable');
    if (!known.canAdd || known.people.length >= MOST_PEOPLE || this.#isIn(buddy)) throw refused('inCall');
    const id = this.join(call, buddy, { stage: 'calling' });
    if (this.#stage.pace > 0) void this.#ringPerson(id, who.state === 'busy', who.route === 'direct');
    return DONE;
  }

  remove({ person }: Asked<'removeFromCall'>): Reply {
    this.leave(person, 'localHangUp');
    return DONE;
  }

  answer({ call, video }: Asked<'answerCall'>): Reply {
    this.#known(call);
    if (video) this.change(call, { shows: 'camera' });
    this.#holdOthers(call);
    void this.#connect(call);
    return DONE;
  }

  hold({ call, on }: Asked<'holdCall'>): Reply {
    this.#known(call);
    if (!on) this.#holdOthers(call);
    this.change(call, { held: on });
    return DONE;
  }

  /** Something of mine is seen in a call, as far as it can be. */
  show({ call, shows }: Asked<'showInCall'>): Reply {
    this.#known(call);
    const can = shows === 'nothing' || (shows === 'screen' ? this.#video.openScreen() : this.#video.open());
    const waited = this.#video.trouble !== null && this.#video.trouble !== 'none';
    if (can || (shows === 'camera' && waited)) this.change(call, { shows });
    else this.change(call, { shows: 'nothing' });
    return DONE;
  }

  mute(on: boolean): Reply {
    for (const id of this.calls.keys()) this.change(id, { muted: on });
    return DONE;
  }

  deafen(on: boolean): Reply {
    for (const id of this.calls.keys()) this.change(id, { deafened: on });
    return DONE;
  }

  setVolume({ call, percent }: Asked<'setVolume'>): Reply {
    const whose = this.#with(call);
    if (whose && whose.people.length > 1) this.changePerson(call, { volume: percent });
    else this.change(whose?.id ?? call, { volume: percent });
    return DONE;
  }

  record({ call, on }: Asked<'recordCall'>): Reply {
    const { buddy } = this.#known(call);
    this.change(call, { recording: on });
    if (!on) this.#stage.tell({ type: 'callRecorded', buddy, name: 'call.ogg' });
    return DONE;
  }

  hangUp({ call }: Asked<'hangUp'>): Reply {
    return this.end(call, this.#known(call).talkingSinceMs === null ? 'cancelled' : 'localHangUp');
  }

  end(id: string, reason: EndReason): Reply {
    const known = this.#known(id);
    if (known.recording) this.#stage.tell({ type: 'callRecorded', buddy: known.buddy, name: 'call.ogg' });
    this.calls.delete(id);
    this.#stage.tell({ type: 'callEnded', call: id, buddy: known.buddy, reason });
    if (known.buddy !== ECHO) this.#talks.trace(known.buddy, known.mine, recordOf(known, reason));
    return DONE;
  }

  #echo(): Reply {
    if (this.#sounds.devices.microphones.length === 0) throw refused('noSound');
    if (this.calls.size > 0) throw refused('inCall');
    this.begin(ECHO, { mine: true, stage: 'talking', talkingSinceMs: Date.now() });
    this.#sounds.live();
    return DONE;
  }

  #id(): string {
    return (this.#next++).toString(16).padStart(32, '0');
  }

  #shownBy(person: string): Shows {
    const heard = [...this.calls.values()].find((one) => one.stage === 'talking' && !one.held);
    if (person === 'me') return heard?.shows ?? 'nothing';
    return heard?.people.find((one) => one.id === person && !one.held)?.shows ?? 'nothing';
  }

  #with(person: string): CallView | undefined {
    return [...this.calls.values()].find((call) => call.people.some((one) => one.id === person));
  }

  #isIn(buddy: string): boolean {
    return [...this.calls.values()].some((call) => call.people.some((one) => one.buddy === buddy));
  }

  #known(id: string): CallView {
    const known = this.calls.get(id);
    if (!known) throw refused('unknown');
    return known;
  }

  #holdOthers(but: string | null): void {
    for (const one of [...this.calls.values()]) {
      if (one.id !== but && one.stage !== 'incoming' && !one.held) this.change(one.id, { held: true });
    }
  }

  async #ring(id: string): Promise<void> {
    const who = this.#people.known(this.#known(id).buddy);
    await this.#stage.wait(700);
    this.change(id, { stage: 'ringing' });
    await this.#stage.wait(3500);
    if (!this.calls.has(id)) return;
    if (who.state === 'busy') this.end(id, 'declined');
    else if (who.route === 'direct') await this.#connect(id);
    else {
      await this.#stage.wait(20_000);
      if (this.calls.has(id)) this.end(id, 'noAnswer');
    }
  }

  async #ringPerson(id: string, busy: boolean, direct: boolean): Promise<void> {
    await this.#stage.wait(700);
    this.changePerson(id, { stage: 'ringing' });
    await this.#stage.wait(direct ? 3500 : 20_000);
    if (!this.#with(id)) return;
    if (busy) return this.leave(id, 'declined');
    if (!direct) return this.leave(id, 'noAnswer');
    this.changePerson(id, { stage: 'connecting' });
    await this.#stage.wait(600);
    this.changePerson(id, { stage: 'talking' });
  }

  async #connect(id: string): Promise<void> {
    this.change(id, { stage: 'connecting' });
    if (this.#stage.pace === 0) return;
    await this.#stage.wait(600);
    this.change(id, { stage: 'talking', talkingSinceMs: Date.now() });
    const { people, shows, offers } = this.#known(id);
    if (shows === 'camera') this.#video.open();
    for (const one of people) {
      const seen = offers !== 'nothing' || (shows === 'camera' && this.#people.known(one.buddy).canVideo);
      if (seen) this.changePerson(one.id, { shows: 'camera' });
    }
    this.#sounds.live();
  }
}

function recordOf(call: CallView, reason: EndReason): CallRecord {
  const video = call.shows === 'camera' || call.people.some((one) => one.shows === 'camera');
  if (call.talkingSinceMs !== null) {
    const seconds = Math.max(1, Math.round((Date.now() - call.talkingSinceMs) / 1000));
    return { type: 'talked', seconds, video };
  }
  if (reason === 'declined' || reason === 'declinedByMe') return { type: 'declined', video };
  return { type: reason === 'busy' ? 'busy' : 'notAnswered', video };
}
