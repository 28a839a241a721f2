// What happens on the server, as it happens. When the stream breaks the browser opens it again; meanwhile pages ask now and then.
import { onUnmounted, ref } from 'vue';
import type { Job } from './api';

type Listener = (job: Job) => void;
const listeners = new Set<Listener>();
const figures = new Set<(code: string) => void>();
// Whether the stream is open.
export const live = ref(false);
let source: EventSource | null = null;

function open() {
  if (source) return;
  source = new EventSource('/api/v1/events');
  source.onopen = () => (live.value = true);
  source.onerror = () => {
    live.value = false;
    // What the browser gave up, such as when the server answered an error in between, is begun again.
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => (listeners.size || figures.size) && open(), 5000);
    }
  };
  source.addEventListener('job', (e) => {
    const job = JSON.parse((e as MessageEvent).data) as Job;
    listeners.forEach((listener) => listener(job));
  });
  source.addEventListener('indicator', (e) => {
    const { code } = JSON.parse((e as MessageEvent).data) as { code: string };
    figures.forEach((listener) => listener(code));
  });
}
function close() {
  if (listeners.size || figures.size) return;
  source?.close();
  source = null;
  live.value = false;
}

export function onJob(listener: Listener, poll?: () => unknown) {
  listeners.add(listener);
  open();
  const timer = poll ? setInterval(() => source?.readyState !== EventSource.OPEN && poll(), 2500) : undefined;
  onUnmounted(() => {
    listeners.delete(listener);
    clearInterval(timer);
    close();
  });
}

// Told of each indicator that has a new figure.
export function onFigure(listener: (code: string) => void) {
  figures.add(listener);
  open();
  onUnmounted(() => {
    figures.delete(listener);
    close();
  });
}
