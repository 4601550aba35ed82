// The fake's files: chosen, sent, fetched, held and given up, with bytes that only pretend to move.

import type { ChosenFile } from '../generated/ChosenFile';
import type { Command } from '../generated/Command';
import type { FileStageView } from '../generated/FileStageView';
import type { FileView } from '../generated/FileView';
import type { MessageView } from '../generated/MessageView';
import type { Reply } from '../generated/Reply';
import type { People } from './people';
import { drawing, pictureOf } from './pictures';
import { read } from './prose';
import { DONE, refused, type Stage } from './stage';
import type { Talks } from './talks';

/** Steps in which a file moves, and how long each takes in ms. */
const STEPS = 24;
const STEP = 250;

type About = { buddy: string; message: string };

export class Files {
  /** What the next question for files is answered with; without it the browser asks. */
  willPick: ChosenFile[] | null = null;
  readonly #stage: Stage;
  readonly #people: People;
  readonly #talks: Talks;
  readonly #chosen = new Map<string, { file: ChosenFile; bytes: Blob | null }>();
  /** By message: what it looks like. */
  readonly #pictures = new Map<string, Blob>();

  constructor(stage: Stage, people: People, talks: Talks) {
    this.#stage = stage;
    this.#people = people;
    this.#talks = talks;
  }

  async pick(): Promise<ChosenFile[]> {
    if (this.willPick) {
      for (const file of this.willPick) this.#chosen.set(file.id, { file, bytes: null });
      return this.willPick;
    }
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    return new Promise((done) => {
      input.onchange = () => void Promise.all([...(input.files ?? [])].map((f) => this.choose(f))).then(done);
      input.oncancel = () => done([]);
      input.click();
    });
  }

  async choose(from: File): Promise<ChosenFile> {
    const thumbnail = from.type.startsWith('image/') ? await dataAddress(from) : '';
    const file = { id: `chosen:${this.#chosen.size + 1}`, name: from.name, size: from.size, thumbnail };
    this.#chosen.set(file.id, { file, bytes: from });
    return file;
  }

  async send({ buddy, path, caption }: Extract<Command, { type: 'sendFile' }>): Promise<Reply> {
    const chosen = this.#chosen.get(path);
    if (!chosen) throw refused('noSuchFile');
    const { name, size, thumbnail } = chosen.file;
    const to = this.#people.known(buddy);
    if (this.#stage.pace > 0) {
      for (let step = 0; step <= 4; step++) {
        const progress = { buddy, name, done: (size * step) / 4, size, ready: step === 4 };
        this.#stage.tell({ type: 'filePreparing', ...progress });
        await this.#stage.wait(150);
      }
    }
    const picture = thumbnail === '' ? null : { width: 1200, height: 800, thumbnail };
    const file: FileView = {
      name,
      size,
      picture,
      memo: null,
      stage: { type: 'offered' },
      done: 0,
      speed: null,
    };
    const sent = this.#talks.queue(to, { text: caption, ...read(caption), file });
    if (chosen.bytes) this.#pictures.set(sent.id, chosen.bytes);
    if (to.route && this.#stage.pace > 0) void this.#move({ buddy, message: sent.id });
    return DONE;
  }

  fetch(about: About): Reply {
    const file = this.#file(about);
    const linked = this.#people.known(about.buddy).route !== null;
    this.#put(about, { ...file, stage: { type: linked ? 'moving' : 'waiting' } });
    if (linked && this.#stage.pace > 0) void this.#move(about);
    return DONE;
  }

  halt(about: About, stage: FileStageView): Reply {
    this.#put(about, { ...this.#file(about), stage, speed: null });
    return DONE;
  }

  /** The picture in a message, made up where nobody sent one. */
  async picture(buddy: string, message: string): Promise<Blob> {
    const sent = this.#pictures.get(message);
    if (sent) return sent;
    const picture = this.#talks.with(buddy).find(message)?.file?.picture;
    if (!picture) throw refused('noSuchFile');
    const light = lights.get(picture.thumbnail) ?? 0;
    return new Blob([drawing(picture.width, picture.height, light)], { type: 'image/svg+xml' });
  }

  async #move(about: About): Promise<void> {
    for (;;) {
      await this.#stage.wait(STEP);
      const file = this.#file(about);
      if (file.stage.type !== 'moving' && file.stage.type !== 'offered') return;
      const done = Math.min(file.size, file.done + file.size / STEPS);
      const whole = done >= file.size;
      const speed = whole ? null : (file.size / STEPS / STEP) * 1000;
      this.#put(about, { ...file, done, speed, stage: { type: whole ? 'done' : 'moving' } });
      if (whole) return;
    }
  }

  #file({ buddy, message }: About): FileView {
    const file = this.#talks.with(buddy).find(message)?.file;
    if (!file) throw refused('unknown');
    return file;
  }

  #put({ buddy, message }: About, file: FileView): void {
    const talk = this.#talks.with(buddy);
    const known = talk.find(message);
    if (!known) return;
    talk.put({ ...known, file } satisfies MessageView);
    this.#stage.tell({ type: 'fileChanged', buddy, message, file });
  }
}

const lights = new Map<string, number>();

/** A file as it stands in a message; a picture where a light is given. */
export function fileOf(
  name: string,
  size: number,
  stage: FileStageView,
  more: Partial<FileView> = {},
): FileView {
  return {
    name,
    size,
    picture: null,
    memo: null,
    stage,
    done: stage.type === 'done' ? size : 0,
    speed: null,
    ...more,
  };
}

export function pictureFile(name: string, width: number, height: number, light: number): FileView {
  const picture = pictureOf(width, height, light);
  lights.set(picture.thumbnail, light);
  return fileOf(name, width * height * 0.6, { type: 'done' }, { picture });
}

function dataAddress(from: Blob): Promise<string> {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.readAsDataURL(from);
  });
}
