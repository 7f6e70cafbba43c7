import { useBlocker } from '@tanstack/react-router'
import { Dialog } from './dialog.tsx'
import { Button } from './kit.tsx'

/** Asks before somebody leaves a page with `dirty` input; the browser asks by itself when the tab is closed. */
export function Unsaved({ dirty }: { dirty: boolean }) {
  const leaving = useBlocker({ shouldBlockFn: () => dirty, enableBeforeUnload: () => dirty, withResolver: true })
  if (leaving.status !== 'blocked') return null
  return (
    <Dialog title="Leave without saving?" onClose={leaving.reset}>
      <p className="mb-5 text-soft">Some of what was changed on this page is not saved yet.</p>
      <div className="flex justify-end gap-2">
        <Button onClick={leaving.reset}>Stay here</Button>
        <Button kind="danger" onClick={leaving.proceed}>
          Leave without saving
        </Button>
      </div>
    </Dialog>
  )
}
