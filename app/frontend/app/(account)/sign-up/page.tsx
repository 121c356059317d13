import type { Metadata } from "next";
import { AccountForm } from "../_components/account-form";

export const metadata: Metadata = { title: "Sign up" };

export default function SignUpPage() {
  return <AccountForm action="sign-up" />;
}
