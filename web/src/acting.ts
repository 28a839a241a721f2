// What a page does on the server: one thing at a time, what went wrong kept for the reader, and the page read again afterwards.
import { ref } from 'vue';

export function acting(load: () => Promise<unknown>) {
  const busy = ref(false);
  const error = ref<unknown>(null);
  async function read() {
    try {
      await load();
      error.value = null;
    } catch (e) {
      error.value = e;
    }
  }
  async function act(run: () => Promise<unknown>) {
    busy.value = true;
    try {
      await run();
      await read();
    } catch (e) {
      error.value = e;
    } finally {
      busy.value = false;
    }
  }
  return { busy, error, read, act };
}
