// What the server tells of sharing requests and grants.
import { localDay, readDay, today } from './dates';
import { t } from './i18n';

export interface Mask { kind: string; first?: number; last?: number; algorithm?: string; to?: string; size?: string; length?: number; value?: string }
export interface Limits { per_minute: number; daily_calls: number; daily_rows: number }
export interface Terms { fields: { id: string; mask: Mask }[]; row_filter: string; methods: string[]; addresses: string[]; purpose: string; named_purpose: string; from: string; until: string; limits: Limits; marking: { visible: boolean; hidden: boolean } }
export const emptyTerms = (): Terms => ({ fields: [], row_filter: '', methods: ['api'], addresses: [], purpose: '', named_purpose: '', from: '', until: '', limits: { per_minute: 0, daily_calls: 0, daily_rows: 0 }, marking: { visible: true, hidden: true } });
// Whether the last day is one, and not past.
export const untilFits = (terms: Terms) => !terms.until || (readDay(localDay(terms.until) ?? '') ?? '') >= today();
export interface LevelRule { level: string; api: string; sql: string; file: string; push: string; second: boolean; purpose: boolean }
export interface Purpose { code: string; zh: string; en: string; active: boolean }
export interface SharingRules { levels: LevelRule[]; purposes: Purpose[] }
export interface ApplicationKey { id: string; name: string; department_name: string; grants: string[]; kind: string; hint: string; created_by: string; created: string; expires: string; last_used: string | null; revoked: string | null; revoked_by: string }
export interface UsageDay { day: string; who: string; method: string; calls: number; rows: number; refused: number }
export interface GrantRecord { id: string; kind: string; scenario: string; process: string; effect: string; storage: string; destruction: string; person_name: string; at: string }
export interface FoundMark { export: number; times: number; grant_id: string; grant_number: number; dataset_title: string; department_name: string; person_name: string; format: string; version: number; at: string | null }
export interface SharingRequest {
  id: string; number: number; dataset: string; dataset_title: string; sharing_type: string; provider_name: string; person_name: string; department_name: string; basis: string; scenario: string; terms: Terms; state: string;
  approved_by: string; answer: string; answered_by: string; grant_id: string; started: string | null; answered: string | null; days_allowed: number; was_returned: boolean; extension: number; extended: boolean; days_taken: number | null; late: boolean; renews: string; decided: Terms | null;
  created: string; changed: string; deadline: string | null; days_left: number | null; deadline_sure: boolean; may: string[]; events?: { at: string; action: string; state: string; text: string; person_name: string }[];
}
export interface Grant extends Terms { id: string; number: number; dataset: string; dataset_title: string; provider_id: string; provider_name: string; department_id: string; department_name: string; request_id: string; state: string; reason: string; created_by: string; created: string; changed: string; superseded_by: string }
// Neither used nor set up any more.
export const grantEnded = (g: Grant) => g.state === 'terminated' || g.state === 'expired';

export const requestStates = ['asking', 'reviewing', 'confirming', 'returned', 'granted', 'refused', 'declined', 'withdrawn'];
export const requestState = (s: string) =>
  ({ asking: t('待本部门审核', 'With own officer'), declined: t('本部门未同意', 'Declined'), reviewing: t('待提供部门审核', 'With the provider'), returned: t('待补正', 'To be completed'), granted: t('已授权', 'Granted'), refused: t('不予共享', 'Refused'), withdrawn: t('已撤回', 'Withdrawn'), confirming: t('待主管部门复核', 'To be confirmed') })[s] ?? s;
export const requestTag = (s: string): 'success' | 'warning' | 'info' | 'primary' | 'danger' => (s === 'granted' ? 'success' : s === 'refused' || s === 'declined' ? 'danger' : s === 'withdrawn' ? 'info' : s === 'returned' ? 'warning' : 'primary');
export const grantState = (s: string) => ({ active: t('有效', 'Active'), suspended: t('已暂停', 'Suspended'), terminated: t('已终止', 'Terminated'), expired: t('已到期', 'Expired') })[s] ?? s;
export const grantTag = (s: string): 'success' | 'warning' | 'info' => (s === 'active' ? 'success' : s === 'suspended' ? 'warning' : 'info');
export const methods = ['api', 'sql', 'file', 'push'];
export const methodName = (m: string) => ({ api: t('接口与页面', 'API and pages'), sql: t('SQL 查询', 'SQL'), file: t('文件下载', 'Files'), push: t('推送入库', 'Pushed tables') })[m] ?? m;
export const stepName = (a: string) =>
  ({ submit: t('提出申请', 'Asked'), approve: t('本部门同意', 'Approved'), decline: t('本部门不同意', 'Declined'), withdraw: t('撤回', 'Withdrawn'), grant: t('同意共享', 'Granted'), refuse: t('不予共享', 'Refused'), return: t('退回补正', 'Returned'), complete: t('补正提交', 'Completed'), extend: t('申请延长', 'More days asked for'), consent: t('同意延长', 'More days consented to'), confirm: t('复核同意', 'Confirmed'), object: t('复核不同意', 'Objected to') })[a] ?? a;
export const maskName = (m: Mask) =>
  ({ none: t('原样', 'As it is'), partial: t(`留前 ${m.first ?? 0} 后 ${m.last ?? 0} 位`, `First ${m.first ?? 0}, last ${m.last ?? 0}`), hash: t('加密钥散列', 'Keyed hash'), date: m.to === 'year' ? t('概化到年', 'Year') : m.to === 'quarter' ? t('概化到季度', 'Quarter') : t('概化到月', 'Month'), band: t(`按 ${m.size} 分段`, `Bands of ${m.size}`), prefix: t(`只留前 ${m.length} 位`, `First ${m.length}`), constant: t('固定值', 'Constant') })[m.kind] ?? m.kind;
// The masks that fit a field of this type.
export const masksFor = (type: string): Mask[] => {
  const out: Mask[] = [{ kind: 'none' }];
  if (type === 'date' || type === 'datetime') out.push({ kind: 'date', to: 'month' }, { kind: 'date', to: 'quarter' }, { kind: 'date', to: 'year' });
  if (['integer', 'decimal', 'number'].includes(type)) out.push({ kind: 'band', size: '10' });
  if (type !== 'number') out.push({ kind: 'partial', first: 1, last: 0 }, { kind: 'partial', first: 3, last: 4 }, { kind: 'prefix', length: 6 }, { kind: 'hash', algorithm: 'hmac-sha256' });
  out.push({ kind: 'constant', value: '***' });
  return out;
};
export const clock = (r: SharingRequest) =>
  r.days_left === null
    ? r.days_taken === null ? '' : t(`用时 ${r.days_taken} 个工作日`, `took ${r.days_taken} working days`)
    : r.late ? t(`逾期 ${Math.max(1, -r.days_left)} 个工作日`, `${Math.max(1, -r.days_left)} working days late`) : r.days_left === 0 ? t('今天到期', 'due today') : t(`剩 ${r.days_left} 个工作日`, `${r.days_left} working days left`);
export const keyKinds = ['bearer', 'hmac-sha256', 'hmac-sm3'];
export const keyKind = (k: string) => ({ bearer: t('令牌：随请求发送', 'Bearer: sent along'), 'hmac-sha256': t('签名：HMAC-SHA-256', 'Signed: HMAC-SHA-256'), 'hmac-sm3': t('签名：HMAC-SM3（国密）', 'Signed: HMAC-SM3') })[k] ?? k;
export const useName = (m: string) => ({ rows: t('查询数据行', 'Rows'), sql: 'SQL', export: t('下载文件', 'Files'), push: t('推送入库', 'Pushed'), webhook: t('变更通知', 'Webhooks'), profile: t('数据概况', 'Profile') })[m] ?? m;
export const recordKind = (k: string) => ({ usage: t('使用情况', 'Use'), rectification: t('整改情况', 'Rectification'), disposal: t('数据处置', 'Disposal') })[k] ?? k;
export const ruling = (r: string) => ({ allowed: t('允许', 'Allowed'), masked: t('脱敏后', 'Masked'), denied: t('不允许', 'Denied') })[r] ?? r;
export const rulingTag = (r: string): 'success' | 'warning' | 'danger' => (r === 'allowed' ? 'success' : r === 'masked' ? 'warning' : 'danger');
export const limitsText = (l: Limits) =>
  [l.per_minute ? t(`每分钟 ${l.per_minute} 次`, `${l.per_minute} calls a minute`) : '', l.daily_calls ? t(`每天 ${l.daily_calls} 次`, `${l.daily_calls} calls a day`) : '', l.daily_rows ? t(`每天 ${l.daily_rows} 行`, `${l.daily_rows} rows a day`) : ''].filter(Boolean).join('、') || t('不限', 'none');
export const markingText = (m: { visible: boolean; hidden: boolean }) => (m.visible && m.hidden ? t('可见和隐形', 'Visible and hidden') : m.visible ? t('可见', 'Visible') : m.hidden ? t('隐形', 'Hidden') : t('无', 'none'));
