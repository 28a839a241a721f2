import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import 'element-plus/theme-chalk/el-message.css';
import 'element-plus/theme-chalk/el-message-box.css';
import 'element-plus/theme-chalk/el-loading.css';
import { createApp } from 'vue';
import { vLoading } from 'element-plus';
import App from './App.vue';
import router from './router';
import './style.css';

const dark = localStorage.getItem('qs-theme');
document.documentElement.classList.toggle('dark', dark ? dark === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches);
createApp(App).use(router).directive('loading', vLoading).mount('#app');
