import { useId } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

export interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password' | 'search' | 'tel' | 'date' | 'time' | 'datetime-local' | 'number';
  hint?: string | undefined;
  wrong?: string | null | undefined;
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  autofocus?: boolean;
  inputmode?: 'text' | 'numeric' | 'tel' | 'search';
  rows?: number;
  name?: string;
  maxLength?: number;
}

function Below({ id, hint, wrong }: { id: string; hint?: string | undefined; wrong?: string | null | undefined }) {
  if (wrong) return <span id={`${id}-b`} class="wrong" role="alert">{wrong}</span>;
  return hint ? <span id={`${id}-b`} class="hint">{hint}</span> : null;
}

export function Field(props: FieldProps) {
  const id = useId();
  const { label, value, onInput, type = 'text', hint, wrong, rows, autofocus, inputmode, ...rest } = props;
  const shared = {
    id, class: 'input', value, ...rest,
    ...(inputmode ? { inputMode: inputmode } : {}),
    'aria-invalid': Boolean(wrong),
    ...(hint || wrong ? { 'aria-describedby': `${id}-b` } : {}),
    ref: (node: HTMLElement | null) => {
      if (node && autofocus && !node.dataset['met']) {
        node.dataset['met'] = 'yes';
        node.focus();
      }
    },
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {rows
        ? <textarea {...shared} rows={rows} onInput={event => onInput(event.currentTarget.value)} />
        // The types of attributes differ by the input's own: all of ours are lines of text to them.
        : <input {...shared} type={type as 'text'} onInput={event => onInput(event.currentTarget.value)} />}
      <Below id={id} hint={hint} wrong={wrong} />
    </div>
  );
}

export interface Option {
  value: string;
  says: string;
}

export function Select({ label, value, options, onChange, hint, wrong, hideLabel }: {
  label: string; value: string; options: readonly Option[]; onChange: (value: string) => void;
  hint?: string | undefined; wrong?: string | null; hideLabel?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? 'unseen' : ''}>{label}</label>
      <select id={id} class="select" value={value} onChange={event => onChange(event.currentTarget.value)}>
        {options.map(option => <option key={option.value} value={option.value} selected={option.value === value}>{option.says}</option>)}
      </select>
      <Below id={id} hint={hint} wrong={wrong} />
    </div>
  );
}

export function Switch({ on, onChange, children }: { on: boolean; onChange: (on: boolean) => void; children: ComponentChildren }) {
  return (
    <label class="switch">
      <input type="checkbox" role="switch" checked={on} onChange={event => onChange(event.currentTarget.checked)} />
      <span>{children}</span>
    </label>
  );
}
