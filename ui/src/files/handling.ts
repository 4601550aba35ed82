// What one does with a file in a conversation. Whatever is refused is said.

import type { MessageView } from '../bridge/generated/MessageView';
import { refusal } from '../bridge/bridge';
import { inWords } from '../session/refusals';
import { useSession } from '../session/session.svelte';
import { useDesk } from '../shared/desk.svelte';
import { words } from '../shared/words';

export interface Handling {
  fetch: () => void;
  pause: () => void;
  cancel: () => void;
  open: () => void;
  show: () => void;
}

/** To be called while a component is being made. */
export function useHandling(message: () => Pick<MessageView, 'id' | 'buddy'>): Handling {
  const session = useSession();
  const desk = useDesk();

  const ask = (type: 'fetchFile' | 'pauseFile' | 'cancelFile') => async (): Promise<void> => {
    const { id, buddy } = message();
    const { error } = await session.ask({ type, buddy, message: id });
    if (error) desk.trouble(inWords(error));
  };
  const outside = (how: 'openFile' | 'showInFolder') => async (): Promise<void> => {
    const { id, buddy } = message();
    await session.bridge[how](buddy, id).catch((error: unknown) => {
      const { code, message } = refusal(error);
      // What may be run is known, and not opened.
      const program = how === 'openFile' && code === 'unknown';
      desk.trouble(program ? words.fileProgram : inWords({ code, message }));
    });
  };
  const said = (act: () => Promise<void>) => (): void => void act();
  return {
    fetch: said(ask('fetchFile')),
    pause: said(ask('pauseFile')),
    cancel: said(ask('cancelFile')),
    open: said(outside('openFile')),
    show: said(outside('showInFolder')),
  };
}
