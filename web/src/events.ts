// What happens on the server, as it happens. When the stream breaks the browser opens it again; meanwhile pages ask now and then.
import { onUnmounted } from 'vue';
import type { Job } from './api';

type Listener = (job: Job) => void;
const listeners = new Set<Listener>();
let source: EventSource | null = null;

function open() {
  if (source) return;
  source = new EventSource('/api/v1/events');
  source.addEventListener('job', (e) => {
    const job = JSON.parse((e as MessageEvent).data) as Job;
    listeners.forEach((listener) => listener(job));
  });
}

export function onJob(listener: Listener, poll?: () => unknown) {
  listeners.add(listener);
  open();
  const timer = poll ? setInterval(() => source?.readyState !== EventSource.OPEN && poll(), 2500) : undefined;
  onUnmounted(() => {
    listeners.delete(listener);
    clearInterval(timer);
    if (listeners.size === 0) {
      source?.close();
      source = null;
    }
  });
}
