import type { Report } from './report.ts'

export const reportPage = (report: Report): string =>
  `<!doctype html><title>Chaos</title><pre>${report.rounds.length}</pre>`
