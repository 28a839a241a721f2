// What a page does on the server: one thing at a time, what went wrong kept for the reader, and the page read again afterwards.
import { ref } from 'vue';

export function acting(load: () => Promise<unknown>) {
  const busy = ref(false);
  const error = ref<unknown>(null);
  let failed = read;
  async function read() {
    try {
      await load();
      error.value = null;
    } catch (e) {
      error.value = e;
      failed = read;
    }
  }
  async function act(run: () => Promise<unknown>) {
    busy.value = true;
    try {
      await run();
      await read();
    } catch (e) {
      error.value = e;
      failed = () => act(run);
    } finally {
      busy.value = false;
    }
  }
  // What went wrong is done again: what was typed since is neither read over nor lost.
  return { busy, error, read, act, retry: () => failed() };
}
