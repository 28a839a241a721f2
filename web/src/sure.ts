// Asked before what cannot be taken back: the question names the thing and what follows, the button the act.
import { ElMessageBox } from 'element-plus';
import { t } from './i18n';

export const sureTo = (act: string, question: string) =>
  ElMessageBox.confirm(question, act, { type: 'warning', confirmButtonText: act, cancelButtonText: t('取消', 'Cancel'), confirmButtonClass: 'el-button--danger' }).then(() => true, () => false);
