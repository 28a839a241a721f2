// SQL steps as the API takes and tells them.
export interface StepPlan { steps: { name: string; title: string; sql: string }[]; parameters: { name: string; title?: string; type: string; default: string | null }[] }
export interface StepReport {
  steps: { name: string; title: string; columns: { name: string; type: string; from?: { relation: string; column: string }[]; copied?: boolean; certain?: boolean }[]; reads: { name: string; rows: number | null }[]; rows: number; first: (string | null)[][] }[];
  datasets: { id: string; code: string; title: string }[];
  relations: { name: string; title: string }[];
}
