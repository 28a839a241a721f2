import { createRouter, createWebHistory } from 'vue-router';
import { session } from './session';

const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/wall', component: () => import('./pages/Wall.vue') },
    { path: '/sign-in', component: () => import('./pages/SignIn.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('./parts/Frame.vue'),
      children: [
        { path: '', component: () => import('./pages/Home.vue') },
        { path: 'datasets', component: () => import('./pages/Catalogue.vue') },
        { path: 'search', component: () => import('./pages/Search.vue') },
        { path: 'reviews', component: () => import('./pages/Reviews.vue') },
        { path: 'open-data', component: () => import('./pages/OpenData.vue') },
        { path: 'classification', component: () => import('./pages/Classification.vue') },
        { path: 'catalogue/import', component: () => import('./pages/CatalogueImport.vue') },
        { path: 'datasets/:code', component: () => import('./pages/Dataset.vue') },
        { path: 'imports', component: () => import('./pages/Imports.vue') },
        { path: 'imports/:id', component: () => import('./pages/ImportDetail.vue') },
        { path: 'linkage', component: () => import('./pages/Linkage.vue') },
        { path: 'sources', component: () => import('./pages/Sources.vue') },
        { path: 'harvests', component: () => import('./pages/Harvests.vue') },
        { path: 'pipelines', component: () => import('./pages/Pipelines.vue') },
        { path: 'pipelines/new', component: () => import('./pages/PipelineEdit.vue') },
        { path: 'pipelines/:code', component: () => import('./pages/PipelineDetail.vue') },
        { path: 'pipelines/:code/edit', component: () => import('./pages/PipelineEdit.vue') },
        { path: 'runs/:id', component: () => import('./pages/RunDetail.vue') },
        { path: 'quality', component: () => import('./pages/Quality.vue') },
        { path: 'corrections', component: () => import('./pages/Corrections.vue') },
        { path: 'corrections/:id', component: () => import('./pages/CorrectionDetail.vue') },
        { path: 'indicators', component: () => import('./pages/Indicators.vue') },
        { path: 'indicators/new', component: () => import('./pages/IndicatorDefinition.vue') },
        { path: 'indicators/:code', component: () => import('./pages/IndicatorDetail.vue') },
        { path: 'indicators/:code/definition', component: () => import('./pages/IndicatorDefinition.vue') },
        { path: 'registers', component: () => import('./pages/Registers.vue') },
        { path: 'registers/new-definition', component: () => import('./pages/RegisterDefinition.vue') },
        { path: 'registers/:code', component: () => import('./pages/RegisterRecords.vue') },
        { path: 'my-calendar', component: () => import('./pages/RecordCalendar.vue') },
        { path: 'registers/:code/calendar', component: () => import('./pages/RecordCalendar.vue') },
        { path: 'registers/:code/definition', component: () => import('./pages/RegisterDefinition.vue') },
        { path: 'registers/:code/new', component: () => import('./pages/RecordEdit.vue') },
        { path: 'registers/:code/records/:id', component: () => import('./pages/RecordDetail.vue') },
        { path: 'registers/:code/records/:id/edit', component: () => import('./pages/RecordEdit.vue') },
        { path: 'surveys', component: () => import('./pages/Surveys.vue') },
        { path: 'surveys/new', component: () => import('./pages/SurveyEdit.vue') },
        { path: 'surveys/:code', component: () => import('./pages/SurveyDetail.vue') },
        { path: 'surveys/:code/edit', component: () => import('./pages/SurveyEdit.vue') },
        { path: 'board', component: () => import('./pages/Board.vue') },
        { path: 'budgets', component: () => import('./pages/Budgets.vue') },
        { path: 'budgets/:id', component: () => import('./pages/BudgetDetail.vue') },
        { path: 'year-end', component: () => import('./pages/YearEnd.vue') },
        { path: 'year-end/evaluations/:id', component: () => import('./pages/EvaluationDetail.vue') },
        { path: 'budget/check', component: () => import('./pages/BudgetCheck.vue') },
        { path: 'sharing/requests', component: () => import('./pages/SharingRequests.vue') },
        { path: 'sharing/requests/new', component: () => import('./pages/SharingRequestEdit.vue') },
        { path: 'sharing/requests/:id', component: () => import('./pages/SharingRequestDetail.vue') },
        { path: 'sharing/requests/:id/edit', component: () => import('./pages/SharingRequestEdit.vue') },
        { path: 'sharing/grants', component: () => import('./pages/Grants.vue') },
        { path: 'sharing/grants/:id', component: () => import('./pages/GrantDetail.vue') },
        { path: 'sharing/rules', component: () => import('./pages/SharingRules.vue') },
        { path: 'sharing/watermarks', component: () => import('./pages/Watermarks.vue') },
        { path: 'sql', component: () => import('./pages/Sql.vue') },
        { path: 'jobs', component: () => import('./pages/Jobs.vue') },
        { path: 'audit', component: () => import('./pages/Audit.vue') },
        { path: 'people', component: () => import('./pages/People.vue') },
        { path: 'account', component: () => import('./pages/Account.vue') },
        { path: 'calendar', component: () => import('./pages/Holidays.vue') },
        { path: 'settings', component: () => import('./pages/Settings.vue') },
        { path: 'api-docs', component: () => import('./pages/ApiDocs.vue') },
        { path: ':rest(.*)', component: () => import('./pages/NotFound.vue') },
      ],
    },
  ],
});

router.beforeEach(async (to) => {
  if (!session.state.known) await session.load();
  if (to.meta.open) return true;
  if (!session.state.person || session.state.mustChange) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } };
  return true;
});

export default router;
