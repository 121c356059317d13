"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ComponentProps, MouseEvent } from "react";

/** A link to a list. From list to list the page stays, and nothing need be asked of the server but the tasks. */
export function ListLink({ href, onClick, ...rest }: ComponentProps<typeof Link> & { href: string }) {
  const pathname = usePathname();

  function follow(event: MouseEvent<HTMLAnchorElement>) {
    onClick?.(event);
    const isPlainClick = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (isPlainClick && pathname === "/tasks" && href.startsWith("/tasks")) {
      event.preventDefault();
      window.history.pushState(null, "", href);
    }
  }

  return <Link {...rest} href={href} onClick={follow} />;
}
