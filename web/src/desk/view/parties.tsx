import { elapsed } from '../../shared/clock.ts';
import { Badge, type BadgeKind } from '../../shared/components/badge.tsx';
import { clockOf, numberOf } from '../../shared/format.ts';
import { mine } from '../board.ts';
import type { CallRow, PartyRow } from '../model.ts';
import { w } from '../words.ts';

function stateOf(party: PartyRow, row: CallRow): [BadgeKind, string] {
  if (!party.answered) return ['ringing', w('isRinging')];
  if (party.away) return ['lost', w('isAway')];
  const apart = (row.apart === 'caller' && party.role === 'caller') || (row.apart === 'target' && party.role === 'target');
  if (apart) return ['held', w('isApart')];
  if (party.held) return ['held', w('isHeld')];
  return party.muted ? ['break', w('isMuted')] : ['talking', w('isTalking')];
}

function nameOf(party: PartyRow, isMine: boolean): string {
  // A trunk's party is `trunk/number`.
  const number = party.who.slice(party.who.indexOf('/') + 1);
  if (isMine) return w('me');
  if (party.role === 'supervisor') return `${w('supervisor')} ${number}`;
  if (party.role === 'caller') return `${w('caller')} ${number === '' ? w('anonymous') : numberOf(number)}`;
  return party.title ? `${number} ${party.title}` : number;
}

export function Parties({ row }: { row: CallRow }) {
  return (
    <ul class="parties" aria-label={w('parties')}>
      {row.parties.map(party => {
        const [kind, says] = stateOf(party, row);
        return (
          <li key={party.leg}>
            <span class="cut grow">{nameOf(party, party.leg === mine.value?.leg)}</span>
            {party.since !== undefined && <span class="num faint small" aria-hidden="true">{clockOf(elapsed(party.since))}</span>}
            <Badge kind={kind}>{says}</Badge>
          </li>
        );
      })}
    </ul>
  );
}
