import './visitor.ts'
import './links.ts'
import './drawer.ts'
import './suggest.ts'
import './stepper.ts'
import './gallery.ts'
import './transitions.ts'
import './checkout.ts'
import './challenge.ts'
import { focusProblem } from './swap.ts'

// From here on buttons that only those without scripts need can go.
document.documentElement.dataset.enhanced = ''
focusProblem()
