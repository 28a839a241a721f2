// Budgets: their shapes, how their sections are shown and entered, and amounts. Amounts are whole fen; a number holds them exactly.
import { reactive, toRaw } from 'vue';
import { get, query } from './api';
import { t } from './i18n';

export type Row = Record<string, string | number | null>;
export type Content = Record<string, Row[]>;
export interface Finding { identity: string; severity: 'error' | 'warning'; message: string; place: string; others: string[]; expected: number; found: number; difference: number; key: string; explanation?: string }
export interface Version { version: number; state: string; state_name: string; revision: number; reason: string; adjusted_on: string; comment: string; changed: string; changed_by: string; income: number; expenditure: number }
export interface BudgetOf { id: string; department_id: string; department: string; department_name: string; year: number; versions: Version[] }
export interface Execution { subject: string; name: string; budget: number; spent: number; light: string }
export interface Detail extends BudgetOf {
  version: Version; content: Content; findings: Finding[]; spent: { month: number; subject: string; amount: number; changed_by: string; explanation: string }[]; execution: Execution[]; month: number;
  may: Record<'edit' | 'submit' | 'decide' | 'publish' | 'adjust' | 'spend', boolean>;
}
export interface Comparison { year_before: number; version_before: number; year_now: number; version_now: number; lines: { section: string; name: string; before: number | null; now: number | null; difference: number; percent: number | null }[] }
export interface Step { at: string; action: string; action_name: string; version: number; person_name: string; comment: string }
export interface CellError { sheet: string; row: number; column: string; value: string; expected: string }

export const budget = (id: string, version = 0) => get<Detail>(`/api/v1/budgets/${id}` + query({ version: version || undefined }));
export const stateTag = (state: string) => ({ draft: 'info', submitted: 'warning', returned: 'danger', approved: 'success', published: 'success' })[state] as 'info';

export type Unit = 'wan' | 'yuan';
const digits = (unit: Unit) => (unit === 'wan' ? 6 : 2);
function exact(value: number, places: number, least: number): string {
  const all = String(Math.abs(value)).padStart(places + 1, '0');
  const whole = all.slice(0, all.length - places);
  const rest = places ? all.slice(-places).replace(/0+$/, '').padEnd(least, '0') : '';
  return `${value < 0 ? '-' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${rest ? `.${rest}` : ''}`;
}
export const money = (fen: number | null | undefined, unit: Unit) => (fen === null || fen === undefined ? '—' : exact(fen, digits(unit), 2));
// As published: ten thousand yuan to two places, half up.
export const rounded = (fen: number | null | undefined, unit: Unit) => (fen === null || fen === undefined || unit === 'yuan' ? money(fen, unit) : money(Math.sign(fen) * Math.round(Math.abs(fen) / 10000) * 10000, unit));
export const percent = (hundredths: number | null) => (hundredths === null ? '—' : `${exact(hundredths, 2, 0)}%`);
// The whole number of the smallest parts, or nothing where it is no number or finer than that. Digits may be full-width, thousands
// set apart by commas.
export function parsed(text: string, places: number): number | undefined {
  const plain = text.normalize('NFKC').replace(/−/g, '-').replace(/\s/g, '');
  if (plain.includes(',') && !/^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain)) return undefined;
  const m = /^([+-]?)(\d{0,13})(?:\.(\d*))?$/.exec(plain.replace(/,/g, ''));
  if (!m || (!m[2] && !m[3])) return undefined;
  const rest = (m[3] ?? '').replace(/0+$/, '');
  if (rest.length > places) return undefined;
  const value = Number(`${m[2]}${rest.padEnd(places, '0')}`);
  return Number.isSafeInteger(value) ? (m[1] === '-' ? -value : value) : undefined;
}

export const expected = (places: number) => (places ? t(`应为数字，最多 ${places} 位小数，如 1,234.5`, `A number with ${places} decimals at most, such as 1,234.5`) : t('应为整数，如 2026', 'A whole number, such as 2026'));
// What is being typed into the fields of rows stands as it was typed until it is left; what cannot be read stays, and nothing is
// saved until it is mended.
export type Typing = Map<Row, Record<string, { text: string; wrong: boolean }>>;
export const typing = (): Typing => reactive(new Map()) as Typing;
export const typedAt = (all: Typing, row: Row, name: string) => all.get(toRaw(row))?.[name];
export function enter(all: Typing, row: Row, name: string, text: string, places: number, empty: number | null = 0): number | null | undefined {
  const value = text.trim() ? parsed(text, places) : empty;
  all.set(toRaw(row), { ...all.get(toRaw(row)), [name]: { text, wrong: value === undefined } });
  return value;
}
export function leave(all: Typing, row: Row, name: string) {
  const held = { ...all.get(toRaw(row)) };
  if (!held[name] || held[name].wrong) return;
  delete held[name];
  if (Object.keys(held).length) all.set(toRaw(row), held);
  else all.delete(toRaw(row));
}
// How many fields of the rows that are still there cannot be read.
export const unreadable = (all: Typing, content: Content) => Object.values(content).flat().reduce((n, row) => n + Object.values(all.get(toRaw(row)) ?? {}).filter((f) => f.wrong).length, 0);

export type Kind = 'text' | 'long' | 'code' | 'choice' | 'money' | 'quantity' | 'percent' | 'year';
export interface ColumnOf { name: string; title: string; kind: Kind; words?: [string, string][] }
export const places = (kind: Kind, unit: Unit) => (kind === 'money' ? digits(unit) : kind === 'quantity' ? 3 : kind === 'percent' ? 2 : 0);
export const shown = (kind: Kind, value: number | null, unit: Unit) => (value === null ? '' : kind === 'year' ? String(value || '') : exact(value, places(kind, unit), kind === 'money' ? 2 : 0));

export const sources = (): [string, string][] => [['general', t('一般公共预算拨款收入', 'General public budget')], ['fund', t('政府性基金预算拨款收入', 'Government funds budget')], ['capital', t('国有资本经营预算拨款收入', 'State capital budget')], ['special', t('财政专户管理资金收入', 'Special fiscal accounts')], ['service', t('事业收入', 'Service income')], ['business', t('事业单位经营收入', 'Business income')], ['superior', t('上级补助收入', 'Subsidies from above')], ['subordinate', t('附属单位上缴收入', 'Payments from below')], ['other', t('其他收入', 'Other income')]];
const parts = (): [string, string][] => [['personnel', t('人员经费', 'Personnel')], ['office', t('公用经费', 'Office')], ['project', t('项目支出', 'Projects')]];
const levels = (): [string, string][] => [['quantity', t('产出·数量', 'Output: quantity')], ['quality', t('产出·质量', 'Output: quality')], ['timeliness', t('产出·时效', 'Output: timeliness')], ['cost', t('产出·成本', 'Output: cost')], ['economic', t('效益·经济', 'Benefit: economic')], ['social', t('效益·社会', 'Benefit: social')], ['ecological', t('效益·生态', 'Benefit: ecological')], ['sustainable', t('效益·可持续', 'Benefit: sustainable')], ['satisfaction', t('满意度', 'Satisfaction')]];
const purchases = (): [string, string][] => [['goods', t('采购·货物', 'Procured goods')], ['works', t('采购·工程', 'Procured works')], ['services', t('采购·服务', 'Procured services')], ['bought_services', t('政府购买服务', 'Bought services')]];
export const totals = (): [string, string, boolean][] => [['income', t('收入总计', 'Income'), true], ['expenditure', t('支出总计', 'Expenditure'), true], ['basic', t('基本支出', 'Basic'), false], ['personnel', t('其中：人员经费', 'of it personnel'), false], ['office', t('其中：公用经费', 'of it office'), false], ['project', t('项目支出', 'Projects'), false], ['three_publics', t('三公经费合计', 'Three publics'), true], ['abroad', t('因公出国（境）费', 'Travel abroad'), false], ['vehicles', t('公务用车购置及运行费', 'Vehicles'), false], ['vehicle_purchase', t('其中：购置费', 'of it bought'), false], ['vehicle_running', t('其中：运行费', 'of it run'), false], ['reception', t('公务接待费', 'Reception'), false], ['operation', t('机关运行经费', 'Office operation'), true]];
const subjects = (): [string, string][] => totals().filter(([c]) => !c.startsWith('vehicle_')).map(([c, n]) => [c, n.replace(/^其中：|^of it /, '')]);

export function columns(section: string): ColumnOf[] {
  const c = (name: string, title: string, kind: Kind, words?: [string, string][]): ColumnOf => ({ name, title, kind, words });
  switch (section) {
    case 'income': return [c('source', t('收入来源', 'Source'), 'choice', sources()), c('amount', t('本年收入', 'This year'), 'money'), c('carried', t('上年结转结余', 'Carried over'), 'money'), c('note', t('备注', 'Note'), 'text')];
    case 'functions': return [c('code', t('科目编码（项）', 'Code'), 'code'), c('name', t('科目名称', 'Name'), 'text'), c('fund', t('资金来源', 'Paid by'), 'choice', sources()), c('basic', t('基本支出', 'Basic'), 'money'), c('project', t('项目支出', 'Projects'), 'money')];
    case 'economics': return [c('code', t('科目编码（款）', 'Code'), 'code'), c('name', t('科目名称', 'Name'), 'text'), c('part', t('支出类别', 'Part'), 'choice', parts()), c('amount', t('金额', 'Amount'), 'money')];
    case 'funds': return [c('source', t('资金来源', 'Source'), 'choice', sources()), c('amount', t('金额', 'Amount'), 'money')];
    case 'details': return [c('item', t('支出内容', 'Item'), 'text'), c('quantity', t('数量', 'Quantity'), 'quantity'), c('unit', t('单位', 'Measure'), 'text'), c('price', t('单价', 'Price'), 'money'), c('amount', t('金额', 'Amount'), 'money'), c('basis', t('测算依据', 'Basis'), 'text')];
    case 'goals': return [c('level', t('指标类别', 'Kind'), 'choice', levels()), c('name', t('指标名称', 'Name'), 'text'), c('value', t('指标值', 'Value'), 'text'), c('unit', t('单位', 'Measure'), 'text'), c('evidence', t('备注', 'Evidence'), 'text'), c('indicator', t('对应平台指标', 'Platform indicator'), 'code')];
    case 'purchases': return [c('kind', t('类别', 'Kind'), 'choice', purchases()), c('item', t('采购内容', 'Item'), 'text'), c('project', t('项目编码', 'Project'), 'code'), c('amount', t('金额', 'Amount'), 'money')];
    case 'changes': return [c('subject', t('对象', 'Subject'), 'choice', subjects()), c('year', t('对比年份', 'Year'), 'year'), c('base', t('对比年预算', 'Its budget'), 'money'), c('difference', t('增减额', 'Difference'), 'money'), c('percent', t('增减（%）', 'Per cent'), 'percent'), c('reason', t('原因', 'Reason'), 'text')];
    default: return [];
  }
}
export function emptyRow(section: string): Row {
  const row: Row = {};
  for (const c of columns(section)) row[c.name] = c.kind === 'percent' ? null : ['money', 'quantity', 'year'].includes(c.kind) ? 0 : '';
  return row;
}
export const lightTag = (light: string) => ({ green: 'success', yellow: 'warning', red: 'danger', over: 'danger', none: 'info' })[light] as 'info';
export const lightName = (light: string) => ({ green: t('正常', 'On track'), yellow: t('偏慢', 'Slow'), red: t('滞后', 'Late'), over: t('超支', 'Overspent'), none: t('无', 'None') })[light] ?? '';
export const sectionName = (s: string) => ({ totals: t('总额', 'Totals'), income: t('收入', 'Income'), functions: t('功能分类', 'Functional classes'), economics: t('经济分类', 'Economic classes'), projects: t('项目', 'Projects'), purchases: t('采购和购买服务', 'Purchases') })[s] ?? s;
