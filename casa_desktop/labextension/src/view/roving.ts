/**
 * Make a toolbar one stop of the Tab key, in which the arrow keys move: the
 * pattern of the ARIA Authoring Practices.
 */
export function rove(bar: HTMLElement): { refresh(): void; focus(): void } {
  let current: HTMLButtonElement | undefined;
  const usable = (): HTMLButtonElement[] =>
    [...bar.querySelectorAll('button')].filter(
      button => !button.hidden && !button.disabled
    );
  const refresh = (): void => {
    const all = usable();
    if (!current || !all.includes(current)) {
      current = all[0];
    }
    for (const button of bar.querySelectorAll('button')) {
      button.tabIndex = button === current ? 0 : -1;
    }
  };
  bar.addEventListener('focusin', ({ target }) => {
    current = usable().find(button => button === target) ?? current;
    refresh();
  });
  bar.addEventListener('keydown', event => {
    const all = usable();
    const next = destination(event.key, all.indexOf(current!), all.length);
    if (next !== null) {
      event.preventDefault();
      event.stopPropagation();
      all[next]?.focus();
    }
  });
  return {
    refresh,
    focus: () => {
      refresh();
      current?.focus();
    }
  };
}

/** The place that a key moves to from place `at` of `count`, or null. */
export function destination(
  key: string,
  at: number,
  count: number
): number | null {
  switch (key) {
    case 'ArrowRight':
      return (at + 1) % count;
    case 'ArrowLeft':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
