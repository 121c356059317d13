import Link from "next/link";
import controls from "@/components/controls.module.css";
import { Message } from "@/components/message";

export default function NotFound() {
  return (
    <Message title="There is nothing here">
      <p>The address may be mistyped, or the page has gone.</p>
      <Link className={`${controls.button} ${controls.primary}`} href="/">
        To your tasks
      </Link>
    </Message>
  );
}
