// Where a refusal belongs on a form: beside the field that caused it, or below everything.

import type { CommandError } from '../bridge/generated/CommandError';
import type { ErrorCode } from '../bridge/generated/ErrorCode';
import { words } from '../shared/words';

export type AccountField = 'name' | 'password' | 'server' | 'invite';

const PLACES: Partial<Record<ErrorCode, AccountField>> = {
  badName: 'name',
  nameTaken: 'name',
  noSuchName: 'name',
  weakPassword: 'password',
  wrongPassword: 'password',
  tooManyTries: 'password',
  badServerAddress: 'server',
  serverUnreachable: 'server',
  serverImpostor: 'server',
  registrationClosed: 'server',
  inviteNeeded: 'invite',
};

export const placeOf = (error: CommandError): AccountField | null => PLACES[error.code] ?? null;

export const inWords = (error: CommandError): string => words.errors[error.code] ?? words.errors.internal;
