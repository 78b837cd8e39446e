// What an authenticator app takes: a picture for its camera, and the same to be typed.
import './totp.css';
import qrcode from 'qrcode-generator';
import { a } from './words.ts';

export interface Secret {
  secret: string;
  uri: string;
}

/** The uri as one path of dark squares, with the quiet zone of four that scanners want. */
function Qr({ uri }: { uri: string }) {
  const code = qrcode(0, 'M');
  code.addData(uri);
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) if (code.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
  }
  return (
    <svg viewBox={`0 0 ${size + 8} ${size + 8}`} role="img" aria-label={a('qr')} shape-rendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}

export function Totp({ totp }: { totp: Secret }) {
  const groups = totp.secret.match(/.{1,4}/g)?.join(' ') ?? totp.secret;
  return <div class="totp"><Qr uri={totp.uri} /><p>{a('scan')}<code class="mono">{groups}</code></p></div>;
}
