import type { ComponentChildren } from 'preact';

/** A figure that is drawn anew, calmly, whenever it says something else. */
export function Changing({ of, children }: { of: string | number; children?: ComponentChildren }) {
  return <span class="changing"><span key={String(of)} class="fresh">{children ?? of}</span></span>;
}

/** One big figure, legible from the other end of the hall. */
export function Tile({ name, value, beside, kind = '', still, class: more = '' }: {
  name: string; value: string | number; beside?: string; kind?: '' | 'below' | 'act' | 'met'; class?: string;
  /** It runs by the second: it is not drawn anew each time. */
  still?: boolean;
}) {
  return (
    <section class={`tile ${kind} ${more}`} aria-label={name}>
      <h2>{name}</h2>
      <p class="value">{still ? value : <Changing of={value} />}</p>
      {beside && <p class="beside">{beside}</p>}
    </section>
  );
}
