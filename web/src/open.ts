// Open data: what is released to the public, and what the privacy check says.
import { t } from './i18n';

type Both = { zh: string; en: string } | null;
export interface Finding { id: string; name: string; level: string; role: 'none' | 'identifier' | 'quasi' | 'sensitive'; reason: Both; blocked: Both; excused: string }
export interface Check { version: number; passed: boolean; failed: Both; fields: Finding[]; quasi: string[]; k: number; anonymity: { rows: number; k: number; rows_below: number; unique: number } | null }
export interface Step { person_name: string; comment: string; at: string }
export interface Release {
  id: string; code: string; title: string; department_name: string; state: string; fields: string[]; licence: string; title_en: string; abstract_en: string; excuses: Record<string, string>;
  check: Check; version: number; held: { version: number; zh: string; en: string } | null; proposed: Step | null; decided: Step | null; withdrawn: Step | null; may: string[];
}
export interface Licence { id: string; title_zh: string; title_en: string; text_zh: string; text_en: string; url: string; open: boolean; retired: boolean; position: number }

export const both = (text: Both) => (text ? t(text.zh, text.en) : '');
const states: Record<string, [string, string]> = { proposed: ['待审批', 'Proposed'], approved: ['已开放', 'Open'], refused: ['未批准', 'Refused'], withdrawn: ['已撤回', 'Withdrawn'], superseded: ['已被替换', 'Superseded'] };
export const releaseState = (key: string) => (states[key] ? t(...states[key]) : key);
export const releaseTag = (key: string): 'success' | 'warning' | 'danger' | 'info' => (key === 'approved' ? 'success' : key === 'proposed' ? 'warning' : key === 'refused' ? 'danger' : 'info');
const roles: Record<string, [string, string]> = { none: ['', ''], identifier: ['直接标识个人', 'Names people'], quasi: ['可缩小范围', 'Narrows people down'], sensitive: ['敏感', 'Sensitive'] };
export const roleName = (key: string) => (roles[key] ? t(...roles[key]) : key);
