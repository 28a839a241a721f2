// The pages of the console in their groups, as far as the person who is signed in may use them.
import { Calendar, ChatLineSquare, CircleCheck, Collection, Connection, Document, DocumentChecked, Download, Files, Finished, Grid, Histogram, House, Key, Link, Lock, Money, Notebook, Odometer, Promotion, Refresh, Search, Setting, Share, Stamp, Sunny, Tickets, Unlock, UploadFilled, User } from '@element-plus/icons-vue';
import { t } from './i18n';
import { session } from './session';

export function menu() {
  const all = [
    { name: t('工作台', 'Home'), items: [{ to: '/', label: t('工作台', 'Home'), icon: House, may: true }] },
    {
      name: t('数据', 'Data'),
      items: [
        { to: '/datasets', label: t('数据目录', 'Catalogue'), icon: Files, may: session.can('dataset.read') },
        { to: '/reviews', label: t('目录审核', 'Reviews'), icon: Stamp, may: session.can('catalog.review') },
        { to: '/classification', label: t('目录分类', 'Classification'), icon: Collection, may: session.can('catalog.review') },
        { to: '/imports', label: t('数据导入', 'Import'), icon: UploadFilled, may: session.can('dataset.write') },
        { to: '/linkage', label: t('一数一源', 'One source'), icon: Connection, may: session.can('dataset.read') },
        { to: '/sources', label: t('数据源', 'Sources'), icon: Link, may: session.can('dataset.write') },
        { to: '/pipelines', label: t('归集任务', 'Pipelines'), icon: Refresh, may: session.can('dataset.write') },
        { to: '/harvests', label: t('目录采集', 'Harvests'), icon: Download, may: session.can('dataset.write') },
        { to: '/quality', label: t('数据质量', 'Quality'), icon: CircleCheck, may: session.can('dataset.read') },
        { to: '/corrections', label: t('校核工单', 'Corrections'), icon: Tickets, may: session.can('dataset.read') },
        { to: '/open-data', label: t('开放管理', 'Open data'), icon: Promotion, may: session.can('dataset.write') || session.can('catalog.review') },
        { to: '/sql', label: t('SQL 查询', 'SQL'), icon: Histogram, may: session.can('sql') },
        { to: '/jobs', label: t('作业', 'Jobs'), icon: Calendar, may: true },
      ],
    },
    {
      name: t('共享', 'Sharing'),
      items: [
        { to: '/sharing/requests', label: t('共享申请', 'Requests'), icon: Share, may: session.can('dataset.read') },
        { to: '/sharing/grants', label: t('共享授权', 'Grants'), icon: Unlock, may: session.can('dataset.read') },
        { to: '/sharing/rules', label: t('分级策略', 'Sharing rules'), icon: Lock, may: session.can('dataset.read') || session.can('security.manage') },
        { to: '/sharing/watermarks', label: t('水印查验', 'Watermarks'), icon: Search, may: session.can('share.review') || session.can('security.manage') || session.can('dataset.all') },
      ],
    },
    {
      name: t('台账', 'Registers'),
      items: [{ to: '/registers', label: t('台账', 'Registers'), icon: Notebook, may: session.can('register.use') }, { to: '/my-calendar', label: t('我的日历', 'My calendar'), icon: Calendar, may: session.can('register.use') }, { to: '/surveys', label: t('满意度调查', 'Surveys'), icon: ChatLineSquare, may: session.can('register.use') }],
    },
    {
      name: t('指标与预算', 'Indicators and budgets'),
      items: [{ to: '/indicators', label: t('指标', 'Indicators'), icon: Odometer, may: session.can('indicator.use') }, { to: '/board', label: t('我的看板', 'My dashboard'), icon: Grid, may: session.can('indicator.use') }, { to: '/budgets', label: t('预算', 'Budgets'), icon: Money, may: session.can('budget.use') }, { to: '/year-end', label: t('年终', 'Year end'), icon: Finished, may: session.can('budget.use') }, { to: '/budget/check', label: t('文件核对', 'Document check'), icon: DocumentChecked, may: true }],
    },
    {
      name: t('管理', 'Administration'),
      items: [
        { to: '/people', label: t('人员与部门', 'People'), icon: User, may: session.can('people.manage') || session.can('role.grant') },
        { to: '/audit', label: t('审计', 'Audit'), icon: Key, may: session.can('audit.read') },
        { to: '/calendar', label: t('节假日', 'Holidays'), icon: Sunny, may: session.can('system.manage') || session.can('dataset.write') },
        { to: '/settings', label: t('设置', 'Settings'), icon: Setting, may: session.can('system.manage') || session.can('security.manage') },
        { to: '/api-docs', label: t('接口说明', 'API'), icon: Document, may: true },
      ],
    },
  ];
  return all.map((g) => ({ ...g, items: g.items.filter((i) => i.may) })).filter((g) => g.items.length);
}
