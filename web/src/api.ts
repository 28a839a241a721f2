// The one way to the server: JSON in, JSON out, problems as Problem.
import { ref } from 'vue';
import { t } from './i18n';
import type { Drift } from './pipelines';
import { session } from './session';

export interface Problem {
  title: string;
  status: number;
  detail: string;
  id: string;
  subject?: string;
  request_id?: string;
  errors?: { field: string; message: string }[];
}

export class ApiError extends Error {
  constructor(public problem: Problem) {
    super(problem.detail);
  }
}

async function fail(response: Response): Promise<never> {
  const text = await response.text();
  let problem: Problem = { title: '', status: response.status, detail: text.slice(0, 300) || response.statusText, id: 'http' };
  try {
    problem = JSON.parse(text);
  } catch {
    // An answer that is no problem detail is shown as it is.
  }
  if (response.status === 401 && problem.id !== 'identity.wrong' && !problem.id.startsWith('identity.totp')) session.lost();
  if (problem.id === 'identity.incomplete') session.incomplete();
  throw new ApiError(problem);
}

// How many questions are not answered yet: the frame shows when that takes its time.
export const underway = ref(0);

export async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal, more: Record<string, string> = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...more };
  // A file goes as it is, everything else as JSON.
  const file = body instanceof Blob;
  if (body !== undefined) headers['Content-Type'] = file ? 'application/octet-stream' : 'application/json';
  if (method !== 'GET' && session.state.csrf) headers['X-CSRF-Token'] = session.state.csrf;
  underway.value++;
  try {
    const response = await fetch(path, { method, headers, body: file ? body : body === undefined ? undefined : JSON.stringify(body), signal });
    if (!response.ok) await fail(response);
    return response.status === 204 ? (undefined as T) : await response.json();
  } catch (e) {
    if (signal?.aborted || e instanceof ApiError) throw e;
    throw new ApiError({ title: '', status: 0, detail: t('连接不上服务器，请检查网络后重试。', 'The server cannot be reached.'), id: 'network' });
  } finally {
    underway.value--;
  }
}
export const get = <T>(path: string, signal?: AbortSignal) => call<T>('GET', path, undefined, signal);
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, body);
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, body);
export const del = <T>(path: string) => call<T>('DELETE', path);

export async function download(path: string, body: unknown, name: string) {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.state.csrf }, body: JSON.stringify(body) });
  if (!response.ok) await fail(response);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// A file goes by XMLHttpRequest, which alone tells how much has been sent.
export function upload<T>(path: string, file: File, progress: (share: number) => void): { done: Promise<T>; cancel: () => void } {
  const request = new XMLHttpRequest();
  const done = new Promise<T>((resolve, reject) => {
    request.open('POST', path);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-CSRF-Token', session.state.csrf);
    request.upload.onprogress = (e) => progress(e.total ? e.loaded / e.total : 0);
    request.onload = () => {
      try {
        const answer = JSON.parse(request.responseText);
        if (request.status < 300) resolve(answer);
        else reject(new ApiError(answer));
      } catch {
        reject(new ApiError({ title: '', status: request.status, detail: request.responseText.slice(0, 200), id: 'http' }));
      }
    };
    request.onerror = () => reject(new ApiError({ title: '', status: 0, detail: '上传中断，请检查网络后重试。', id: 'network' }));
    request.onabort = () => reject(new ApiError({ title: '', status: 0, detail: '已取消上传。', id: 'cancelled' }));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

export const query = (params: Record<string, string | number | string[] | undefined | null>) => {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (Array.isArray(value)) value.forEach((v) => search.append(key, v));
    else if (value !== undefined && value !== null && value !== '') search.append(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
};

export interface Field { id: string; name: string; description: string; type: string; width: number; scale: number; unit: string; level: string; key: boolean }
export interface Dataset {
  id: string; code: string; title: string; abstract: string; department_id: string; department_name: string; theme: string; tags: string[]; update_cycle: string; sharing_type: string; level: string; state: string;
  version: number; rows: number; bytes: number; created_by: string; created: string; changed: string; published: string | null; fields: Field[]; readers: { id: string; kind: string; name: string }[]; may_write: boolean; may_read: boolean;
  entry_state: string; resource_code: string; classifications: string[]; format: string; entry_version: number; by_entry: boolean;
  highlight?: { title: [number, number][]; snippet: string; snippet_hits: [number, number][]; fields: { name: string; hits: [number, number][] }[] };
}
export interface Word { code: string; name: string }
export type Words = Record<'formats' | 'item_types' | 'sharing_types' | 'sharing_methods' | 'open_types' | 'update_cycles' | 'levels' | 'conclusions' | 'entry_states', Word[]>;
export interface Item { id: string; name: string; english: string; type: string; length: number; description: string; sharing_type: string; sharing_condition: string; open_type: string; open_condition: string; level: string; level_by: string; planned: boolean }
export interface Assessment { conclusion: string; by: string; on: string; note: string }
export interface Entry {
  title: string; abstract: string; resource_code: string; department_id: string; provider: string; provider_code: string; theme: string; format: string; sharing_type: string; sharing_condition: string; sharing_method: string; not_shared_reason: string; not_shared_basis: string;
  open_type: string; open_condition: string; update_cycle: string; published_on: string; level: string; classifications: string[]; classification_names: string[]; tags: string[]; related: string[]; items: Item[]; secrecy: Assessment; personal: Assessment; approval: { by: string; on: string; note: string };
}
export interface Standing {
  code: string; state: string; resource_code: string; published_version: number; entry: Entry; submitted: Entry | null; missing: { member: string; text: string }[]; actions: { action: string; name: string; review: boolean; needs_comment: boolean }[];
  steps: { number: number; action: string; from: string; to: string; person_name: string; comment: string; at: string }[]; versions: { number: number; kind: string; person_name: string; comment: string; at: string }[]; may_write: boolean; may_review: boolean;
}
export interface ClassNode { id: string; parent_id: string; code: string; name: string; full_code: string; path: string; depth: number; retired: boolean; used: boolean; entries: number; department_id: string }
export interface SheetOutcome { id: string; file_name: string; person_name: string; at: string; taken: { title: string; code: string; added: boolean }[]; refused: number; errors: { sheet: string; row: number; column: string; value: string; expected: string }[] }
export interface Job {
  id: string; kind: string; title: string; state: string; object_kind: string; object_id: string; person_name: string; progress: number; step: string; done_units: number; total_units: number; unit: string; attempts: number; max_attempts: number;
  created: string; started: string | null; ended: string | null; cancel_asked: boolean; person_id: string; error: { text: string } | null; output: Record<string, unknown>;
}
export interface ImportColumn {
  position: number; id: string; name: string; type: string; width: number; scale: number; unit: string; description: string; level: string; skip: boolean; key: boolean; values: number; empty: number; misfits: number; looks_like: string; why: string;
  examples: string[]; candidates: { type: string; misfits: number }[];
  fixed?: string; // not a column of the file: what every row has
}
export interface ImportTable {
  location: string; format: string; encoding: string; delimiter: string | null; quote: string | null; header_rows: number; skip_rows: number; fill_short: boolean; rows: number; broken_rows: number; rejected: number; skip: boolean; note: string | null; dataset: Record<string, any>;
  columns: ImportColumn[]; first_misfits: { line: number; column: string; value: string; reason: string }[]; preview: string[][]; version: number | null; published: number | null; drifts?: Drift[];
}
export interface Import { id: string; file_name: string; size: number; sha256: string; state: string; job: Job | null; person_name: string; department_id: string; created: string; changed: string; error: string | null; tables: ImportTable[] }
export interface Department { id: string; code: string; name: string; parent_id: string; people: number }
export interface Person {
  id: string; login: string; name: string; department_id: string; department_name: string; email: string; phone: string; roles: string[]; state: string; locked: boolean; must_change_password: boolean; totp: boolean; last_sign_in: string | null; created: string;
}
