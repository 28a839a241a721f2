import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import 'element-plus/theme-chalk/el-message.css';
import 'element-plus/theme-chalk/el-message-box.css';
import 'element-plus/theme-chalk/el-loading.css';
import { createApp } from 'vue';
import { ElMessage, vLoading } from 'element-plus';
import App from './App.vue';
import { ApiError } from './api';
import router from './router';
import './style.css';

const dark = localStorage.getItem('qs-theme');
document.documentElement.classList.toggle('dark', dark ? dark === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);

// What no page has caught is told all the same; what was cut off because the page is being left is nobody's concern.
let leaving = false;
addEventListener('beforeunload', () => {
  leaving = true;
  setTimeout(() => (leaving = false), 5000);
});
function told(error: unknown) {
  if (!(error instanceof ApiError)) return false;
  if (error.problem.status !== 401 && (!leaving || error.problem.status)) ElMessage({ type: 'error', message: error.message, grouping: true, showClose: true });
  return true;
}
addEventListener('unhandledrejection', (event) => told(event.reason) && event.preventDefault());

const app = createApp(App).use(router).directive('loading', vLoading);
app.config.errorHandler = (error) => {
  if (!told(error)) console.error(error);
};
app.mount('#app');
