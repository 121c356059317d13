import type { Metadata } from "next";
import { AccountForm } from "../_components/account-form";

export const metadata: Metadata = { title: "Sign in" };

export default function SignInPage() {
  return <AccountForm action="sign-in" />;
}
