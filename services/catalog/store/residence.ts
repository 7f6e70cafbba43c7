import { type ProblemError, unavailable } from '#kernel/problem'

/** What a change is told where the catalog was moved to another store. Reading goes on until the shop is started with the other. */
export const catalogMoved = (): ProblemError =>
  unavailable('The catalog is being moved to another store and cannot be changed here. Try again later.', 30)
