// An account as the server lists it.
import { w } from './words.ts';

export interface Account {
  name: string;
  title: string;
  roles: string[];
  unit: string;
  groups: string[];
  agent: string | null;
  disabled: boolean;
  totp: boolean;
  wants_totp: boolean;
  secrecy_until: number | null;
  last_seen: number | null;
  from: 'file' | 'store';
  /** His own seat, as a supervisor has one. */
  seat?: string | null;
  /** Programs that act for it: name, and what for. */
  programs: [name: string, note: string][];
}

export const ROLES = ['agent', 'supervisor', 'department', 'operator', 'manager', 'auditor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export function roleWord(role: string): string {
  const known = ROLES.find(of => of === role);
  return known ? w(`role_${known}`) : role;
}

export const called = (of: Account): string => (of.title && of.title !== of.name ? `${of.title}（${of.name}）` : of.name);
