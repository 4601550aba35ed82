// Lets rows slide to their new places, so that an eye can follow. By id: a row may be made anew in another group.

/** In ms: under what feels like waiting. */
const SLIDE = 140;

type Places = Map<string, number>;

const rows = (tree: HTMLElement): HTMLElement[] => [...tree.querySelectorAll<HTMLElement>('[data-id]')];

/** How far down each row is, in px. */
export function placesIn(tree: HTMLElement): Places {
  return new Map(rows(tree).map((row) => [row.dataset['id'] ?? '', row.getBoundingClientRect().top]));
}

/** Slides those that are seen from where they were, unless the system asks for less motion. */
export function glideFrom(before: Places, tree: HTMLElement): void {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const seen = (top: number): boolean => top > -innerHeight / 4 && top < innerHeight * 1.25;
  const after = rows(tree).map((row) => ({ row, top: row.getBoundingClientRect().top }));
  for (const { row, top } of after) {
    const from = before.get(row.dataset['id'] ?? '');
    if (from === undefined || from === top || !(seen(from) && seen(top))) continue;
    const slide = [{ transform: `translateY(${from - top}px)` }, { transform: 'none' }];
    row.animate(slide, { duration: SLIDE, easing: 'ease-out' });
  }
}
