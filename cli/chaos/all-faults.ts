import type { Fault } from './fault.ts'
import { backupFault } from './faults/backup.ts'
import { brokerFaults } from './faults/broker.ts'
import { databaseFaults } from './faults/database.ts'
import { crashes, killAnything, kills } from './faults/kills.ts'
import { machineFaults } from './faults/machine.ts'
import { networkFaults } from './faults/network.ts'
import { providerFaults } from './faults/provider.ts'
import { rushes } from './faults/rushes.ts'

/** Every fault by name, in the order in which a whole run goes through them. */
export const faults: readonly Fault[] = [
  ...kills,
  killAnything,
  ...crashes,
  ...databaseFaults,
  ...brokerFaults,
  ...providerFaults,
  ...networkFaults,
  ...machineFaults,
  backupFault,
  ...rushes,
]
