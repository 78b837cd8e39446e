import { Fault } from '../shared/api.ts';
import { t } from '../shared/words.ts';

/** Fetches a file and hands it to the browser; its name. The server's refusal is told, not saved. */
export async function save(path: string, otherwise: string): Promise<string> {
  const response = await fetch(path, { credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
  if (!response) throw new Fault(0, 'network', t('network'), t('network'));
  if (!response.ok) {
    const said = (await response.json().catch(() => ({}))) as { error?: string; zh?: string; en?: string };
    throw new Fault(response.status, said.error ?? 'unknown', said.zh ?? t('failed'), said.en ?? t('failed'));
  }
  const named = /filename="?([^";]+)"?/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = named ?? otherwise;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  return link.download;
}
