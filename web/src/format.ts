import { t } from './i18n';

export const number = (n: number | null | undefined) => (n === null || n === undefined ? '' : n.toLocaleString('en-US', { maximumFractionDigits: 6 }));

export function time(iso: string | null | undefined): string {
  if (!iso) return '';
  const d = new Date(iso);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

export function ago(iso: string | null | undefined): string {
  if (!iso) return '';
  const s = (Date.now() - new Date(iso).getTime()) / 1000;
  if (s < 60) return t('刚刚', 'just now');
  if (s < 3600) return t(`${Math.floor(s / 60)} 分钟前`, `${Math.floor(s / 60)} min ago`);
  if (s < 86400) return t(`${Math.floor(s / 3600)} 小时前`, `${Math.floor(s / 3600)} h ago`);
  return t(`${Math.floor(s / 86400)} 天前`, `${Math.floor(s / 86400)} d ago`);
}

export function bytes(n: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
}

const words: Record<string, [string, string]> = {
  text: ['文本', 'Text'], integer: ['整数', 'Integer'], decimal: ['小数', 'Decimal'], number: ['数值', 'Number'], boolean: ['是否', 'Yes/no'], date: ['日期', 'Date'], time: ['时间', 'Time'], datetime: ['日期时间', 'Date and time'],
  realtime: ['实时', 'Real time'], daily: ['每日', 'Daily'], weekly: ['每周', 'Weekly'], monthly: ['每月', 'Monthly'], quarterly: ['每季度', 'Quarterly'], half_yearly: ['每半年', 'Half-yearly'], yearly: ['每年', 'Yearly'], irregular: ['不定期', 'Irregular'], never: ['不更新', 'Never'],
  unconditional: ['无条件共享', 'Unconditional'], conditional: ['有条件共享', 'Conditional'], none: ['不予共享', 'Not shared'],
  '1': ['一般 1 级', 'Grade 1'], '2': ['一般 2 级', 'Grade 2'], '3': ['一般 3 级', 'Grade 3'], '4': ['一般 4 级', 'Grade 4'], important: ['重要数据', 'Important'], core: ['核心数据', 'Core'],
  draft: ['未发布', 'Draft'], published: ['已发布', 'Published'], withdrawn: ['已撤回', 'Withdrawn'],
  queued: ['排队中', 'Queued'], running: ['进行中', 'Running'], succeeded: ['已完成', 'Done'], failed: ['失败', 'Failed'], cancelled: ['已取消', 'Cancelled'], interrupted: ['已中断', 'Interrupted'],
  analysing: ['分析中', 'Analysing'], ready: ['待核对', 'To be checked'], publishing: ['发布中', 'Publishing'], discarded: ['已放弃', 'Discarded'],
  success: ['成功', 'Success'], failure: ['失败', 'Failure'], denied: ['拒绝', 'Denied'],
  id_card: ['身份证号', 'ID number'], credit_code: ['信用代码', 'Credit code'], phone: ['电话', 'Phone'], code: ['编码', 'Code'],
  session: ['网页', 'Console'], token: ['令牌', 'Token'], cli: ['命令行', 'Command line'], system: ['系统', 'System'],
  dataset: ['数据集', 'Dataset'], import: ['导入', 'Import'], job: ['作业', 'Job'], person: ['人员', 'Person'], department: ['部门', 'Department'], setting: ['设置', 'Setting'], audit: ['审计', 'Audit'], route: ['接口', 'Route'], sql: ['查询', 'SQL'],
};
export const word = (key: string | null | undefined) => (key && words[key] ? t(...words[key]) : key ?? '');
// A dataset's data, and its entry in the catalogue, have states of their own.
const dataStates: Record<string, [string, string]> = { draft: ['无数据', 'No data yet'], published: ['有数据', 'With data'], withdrawn: ['数据已撤回', 'Data withdrawn'] };
export const dataState = (key: string) => (dataStates[key] ? t(...dataStates[key]) : key);
const entryStates: Record<string, [string, string]> = {
  draft: ['目录草稿', 'Draft entry'], returned: ['退回修改', 'Returned'], refused: ['已拒绝', 'Refused'], register_review: ['待注册审核', 'Registration review'], registered: ['已注册', 'Registered'], publish_review: ['待发布审核', 'Publication review'], published: ['目录已发布', 'Entry published'],
};
export const entryState = (key: string) => (entryStates[key] ? t(...entryStates[key]) : key);
export const entryTag = (key: string): 'success' | 'warning' | 'danger' | 'info' | 'primary' => (key === 'published' ? 'success' : key === 'returned' || key === 'refused' ? 'danger' : key.endsWith('_review') ? 'warning' : key === 'registered' ? 'primary' : 'info');
const steps: Record<string, [string, string]> = { submit: ['提交审核', 'Submitted'], recall: ['撤回提交', 'Taken back'], register: ['通过注册', 'Registered'], publish: ['发布', 'Published'], return: ['退回修改', 'Returned'], refuse: ['拒绝', 'Refused'], unpublish: ['取消发布', 'Unpublished'], revise: ['开始变更', 'Revision begun'] };
export const stepName = (key: string) => (steps[key] ? t(...steps[key]) : key);
export const types = ['text', 'integer', 'decimal', 'number', 'boolean', 'date', 'datetime', 'time'];
export const isNumeric = (type: string) => type === 'integer' || type === 'decimal' || type === 'number';
export const stateTag = (s: string): 'success' | 'warning' | 'danger' | 'info' | 'primary' =>
  s === 'succeeded' || s === 'published' || s === 'success' ? 'success' : s === 'failed' || s === 'failure' || s === 'denied' ? 'danger' : s === 'ready' || s === 'interrupted' ? 'warning' : s === 'running' || s === 'analysing' || s === 'publishing' ? 'primary' : 'info';

const permissions: Record<string, [string, string]> = {
  account: ['本人账号', 'Own account'], 'dataset.read': ['查看数据', 'Read data'], 'dataset.write': ['维护本部门数据', 'Keep the department’s data'], 'dataset.all': ['维护各部门数据', 'Keep every department’s data'], sql: ['SQL 查询', 'SQL'],
  'catalog.review': ['审核目录', 'Review entries'], 'share.review': ['审核共享', 'Decide on sharing'], 'job.manage': ['管理作业', 'Manage jobs'], 'people.manage': ['管理人员', 'Manage people'], 'system.manage': ['系统设置', 'Settings'], 'role.grant': ['授予角色', 'Grant roles'],
  'security.manage': ['安全设置', 'Security settings'], 'audit.read': ['查看审计', 'Read the audit'], 'site.edit': ['编辑站点', 'Edit sites'], 'register.use': ['使用台账', 'Use registers'], 'register.manage': ['定义台账', 'Define registers'], 'indicator.use': ['查看指标', 'See indicators'],
  'indicator.manage': ['定义指标', 'Define indicators'], 'budget.use': ['查看预算', 'See budgets'], 'budget.write': ['编制预算', 'Draw up budgets'], 'budget.approve': ['审核预算', 'Approve budgets'], 'grant.use': ['按授权读取', 'Read by a grant'],
};
export const permission = (key: string) => (permissions[key] ? t(...permissions[key]) : key);
// A browser and its system, as people call them.
export function agent(text: string): string {
  const found = [[/Edg\/(\d+)/, 'Edge'], [/Firefox\/(\d+)/, 'Firefox'], [/(?:Headless)?Chrome\/(\d+)/, 'Chrome'], [/Version\/(\d+).*Safari/, 'Safari']] as const;
  const browser = found.map(([pattern, name]) => [name, pattern.exec(text)?.[1]]).find(([, version]) => version);
  const system = ['Windows', 'Android', 'iPhone', 'iPad', 'Macintosh', 'Linux'].find((s) => text.includes(s));
  return browser ? `${browser.join(' ')}${system ? ` · ${system}` : ''}` : text;
}
