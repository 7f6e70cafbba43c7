import type { FunctionComponent } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { Document } from '../parts/document.tsx'
import { VisitorLinks } from '../parts/header.tsx'
import { drawIn } from '../parts/shop.tsx'
import type { Frame, Head, PageName, Pages, Place, Views, Visitor } from '../views.ts'
import { AccountPage, AddressesPage, StaffPage } from './account.tsx'
import { CartPage } from './cart.tsx'
import { CheckoutPage } from './checkout.tsx'
import { Home } from './home.tsx'
import { ListingPage } from './listing.tsx'
import { OrderPage } from './order.tsx'
import { ProductPage } from './product.tsx'
import { ForgotPasswordPage, ResetPasswordPage, SignInPage, SignUpPage, VerifyEmailPage } from './sign-in.tsx'
import { SuggestionList } from './suggestions.tsx'
import { ProblemPage, TextPageView } from './text.tsx'

const components: { readonly [N in PageName]: FunctionComponent<Views[N]> } = {
  home: Home,
  listing: ListingPage,
  suggestions: SuggestionList,
  product: ProductPage,
  cart: CartPage,
  checkout: CheckoutPage,
  order: OrderPage,
  signIn: SignInPage,
  signUp: SignUpPage,
  forgotPassword: ForgotPasswordPage,
  resetPassword: ResetPasswordPage,
  verifyEmail: VerifyEmailPage,
  account: AccountPage,
  addresses: AddressesPage,
  staff: StaffPage,
  text: TextPageView,
  problem: ProblemPage,
}

/** All pages of the shop. This file is what the routes get, compiled. */
export const pages: Pages = {
  render<N extends PageName>(name: N, place: Place, head: Head, view: Views[N]): string {
    const Page = components[name] as FunctionComponent<Views[N]>
    return `<!doctype html>${drawIn(
      place.frame,
      <Document {...place} head={head}>
        <Page {...view} />
      </Document>,
    )}`
  },
  fragment<N extends PageName>(name: N, frame: Frame, view: Views[N]): string {
    const Page = components[name] as FunctionComponent<Views[N]>
    return drawIn(frame, <Page {...view} />)
  },
  visitor: (visitor: Visitor): string => renderToString(<VisitorLinks {...visitor} />),
}
