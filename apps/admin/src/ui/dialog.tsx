import { Dialog as Base } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { Icon } from './icons.tsx'

/** A question that needs an answer before anything else. A click beside it does not close it: what was typed would be lost. */
export function Dialog({
  onClose,
  title,
  children,
}: {
  /** Without it the question has to be answered. */
  onClose?: () => void
  title: string
  children: ReactNode
}) {
  return (
    <Base.Root open disablePointerDismissal onOpenChange={(next) => (next ? undefined : onClose?.())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-20 bg-black/45" />
        <Base.Popup className="fixed left-1/2 top-1/2 z-30 max-h-[calc(100dvh-1.5rem)] w-[min(32rem,calc(100vw-1.5rem))] -translate-x-1/2 -translate-y-1/2 overflow-y-auto rounded-xl border border-line bg-sheet text-ink shadow-2xl">
          <header className="flex items-center justify-between gap-4 border-b border-line px-5 py-3.5">
            <Base.Title className="text-base font-semibold">{title}</Base.Title>
            {onClose ? (
              <Base.Close
                aria-label="Close"
                className="-mr-1.5 grid size-8 place-items-center rounded-md text-soft hover:bg-ground hover:text-ink"
              >
                <Icon name="close" />
              </Base.Close>
            ) : null}
          </header>
          <div className="p-5">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  )
}
