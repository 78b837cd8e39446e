// Words in Chinese and English. A dictionary stands beside what uses it; its keys are checked by the compiler.
import { computed, signal } from '@preact/signals';

export type Lang = 'zh' | 'en';
export type Pair = readonly [zh: string, en: string];

const asked = new URLSearchParams(location.search).get('lang');
const fromAddress: Lang | null = asked === 'zh' || asked === 'en' ? asked : null;

export const lang = signal<Lang>(fromAddress ?? 'zh');

/** The account's language counts where the address names none. */
export function accountLang(of: string | undefined): void {
  if (fromAddress === null && (of === 'zh' || of === 'en')) lang.value = of;
}

lang.subscribe(now => {
  document.documentElement.lang = now === 'zh' ? 'zh-CN' : 'en';
});

export const isChinese = computed(() => lang.value === 'zh');

function fill(text: string, values: readonly (string | number)[]): string {
  return values.length === 0 ? text : text.replace(/\{(\d)\}/g, (_, n: string) => String(values[Number(n)] ?? ''));
}

/** What a pair says in the language of now; `{0}` and on are filled. */
export function say(pair: Pair, ...values: (string | number)[]): string {
  return fill(pair[lang.value === 'zh' ? 0 : 1], values);
}

/** A function that says a dictionary's words. A word of a newer server's that it has not is shown as it is: no page stops for it. */
export function dictionary<K extends string>(words: Record<K, Pair>): (key: K, ...values: (string | number)[]) => string {
  const all: Partial<Record<string, Pair>> = words;
  return (key, ...values) => {
    const pair = all[key];
    return pair ? say(pair, ...values) : key;
  };
}

/** What the server says in both languages. */
export function told(of: { zh: string; en: string }): string {
  return lang.value === 'zh' ? of.zh : of.en;
}
