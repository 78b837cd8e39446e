// The plan's files in the page: edited here, checked by the planner, written and put in force by it. Nothing with a mistake is written.
import { useState } from 'preact/hooks';
import { Fault, get, post } from '../shared/api.ts';
import { Button } from '../shared/components/button.tsx';
import { Loaded } from '../shared/components/loaded.tsx';
import { ReasonDialog } from '../shared/components/reason.tsx';
import { toastFault } from '../shared/components/toast.tsx';
import { useLoad } from '../shared/load.ts';
import type { Planned } from './difference.tsx';
import { w } from './words.ts';

interface File {
  name: string;
  text: string;
}

interface Folder {
  version: string;
  files: File[];
}

function Files({ folder, show, done, close }: { folder: Folder; show: (result: Planned) => void; done: () => void; close: () => void }) {
  const [files, setFiles] = useState<readonly File[]>(folder.files);
  const [at, setAt] = useState(folder.files[0]?.name ?? '');
  const [busy, setBusy] = useState<'check' | 'diff' | null>(null);
  const [asking, setAsking] = useState(false);
  const before = new Map(folder.files.map(file => [file.name, file.text]));
  const edited = files.filter(file => before.get(file.name) !== file.text);
  const file = files.find(of => of.name === at);
  const write = (text: string) => setFiles(files.map(of => (of.name === at ? { ...of, text } : of)));
  const look = async (what: 'check' | 'diff') => {
    setBusy(what);
    await post<Planned>(`/api/v1/plan/${what}`, { files }).then(show, toastFault);
    setBusy(null);
  };
  const put = async (note: string) => {
    const result = await post<Planned>('/api/v1/plan/write', { files: edited, base: folder.version, note });
    show(result);
    // What was refused is still there to be mended.
    if (['in_force', 'unchanged'].includes(result.outcome)) done();
    else throw new Fault(409, result.outcome, w('notWritten'), w('notWritten'));
  };
  return (
    <section class="card editor" aria-labelledby="editor">
      <div class="ops-head">
        <h2 id="editor">{w('editor')}</h2>
        <div class="row">
          <Button busy={busy === 'check'} onPress={() => void look('check')}>{w('check')}</Button>
          <Button busy={busy === 'diff'} onPress={() => void look('diff')}>{w('diff')}</Button>
          <Button onPress={close}>{w('editorClose')}</Button>
          <Button kind="primary" off={edited.length === 0 && w('nothingEdited')} onPress={() => setAsking(true)}>{w('write')}</Button>
        </div>
      </div>
      <div class="chips" role="group" aria-label={w('editor')}>
        {files.map(of => (
          <button key={of.name} type="button" class="chip" aria-pressed={of.name === at} onClick={() => setAt(of.name)}>{of.name}{before.get(of.name) !== of.text && <b> ●<span class="unseen">{w('edited')}</span></b>}</button>
        ))}
      </div>
      {file && <textarea class="input mono code" aria-label={file.name} spellcheck={false} wrap="off" rows={24} value={file.text} onInput={event => write(event.currentTarget.value)} />}
      {asking && <ReasonDialog title={w('write')} what={w('writeWhat', edited.map(of => of.name).join(' '))} action={w('write')} label={w('note')} hint="" run={put} onClose={() => setAsking(false)} />}
    </section>
  );
}

export function Editor({ show, done, close }: { show: (result: Planned) => void; done: () => void; close: () => void }) {
  const folder = useLoad(more => get<Folder>('/api/v1/plan/files', more));
  return <Loaded of={folder} lines={10}>{data => <Files key={data.version} folder={data} show={show} done={done} close={close} />}</Loaded>;
}
