// What emoji.ts beside vite.config.ts makes.

declare module 'virtual:emoji/*' {
  const rows: [emoji: string, name: string, words: string, codes: string, group: number, tones: 0 | 1][];
  export default rows;
}
