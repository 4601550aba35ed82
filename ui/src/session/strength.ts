// How hard a password is to guess, roughly: 0 (too short) to 4 (strong).
//
// A hint, not a gate: length counts most, variety a little, repetition and the usual suspects count against it.

const USUAL = /password|passwort|qwert|asdf|1234|abcd|letmein|hallo|admin|juice|iloveyou/i;

export function strength(password: string, name = ''): number {
  const letters = [...password];
  if (letters.length < 8) return 0;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) =>
    kind.test(password),
  ).length;
  const distinct = new Set(letters).size;
  let worth = Math.min(letters.length, distinct * 1.6) + kinds * 1.5;
  if (USUAL.test(password)) worth -= 6;
  if (name.length > 2 && password.toLowerCase().includes(name.toLowerCase())) worth -= 6;
  if (worth < 11) return 1;
  if (worth < 15) return 2;
  return worth < 20 ? 3 : 4;
}
