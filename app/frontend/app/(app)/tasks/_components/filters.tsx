"use client";

import { useEffect, useId, useState } from "react";
import { type ListQuery, listAddress, PRIORITIES, readListQuery, SEARCH_MAX_LENGTH, type Sort, SORTS } from "@/browser/list-query";
import { PRIORITY_WORDS } from "@/browser/words";
import controls from "@/components/controls.module.css";
import { Icon } from "@/components/icon";
import styles from "../tasks.module.css";

const SORT_WORDS: Record<Sort, string> = {
  due: "Due first",
  "-priority": "Highest priority",
  "-created": "Newest first",
  created: "Oldest first",
  title: "By title",
  "-updated": "Last changed",
};

const TYPING_MS = 250;

/** Search, filter and sort; all of them live in the page's address. */
export function Filters({ query }: { query: ListQuery }) {
  const id = useId();
  // What was chosen shows at once; the address, and with it the list, follows.
  const [chosen, setChosen] = useState(query);
  const [seen, setSeen] = useState(query);
  const [isTyping, setIsTyping] = useState(false);

  if (seen !== query) {
    // The address was changed, perhaps by something else, such as the browser's Back. What is being typed stays.
    setSeen(query);
    const isOwn = isTyping || chosen.search.trim() === query.search;
    setChosen({ ...query, search: isOwn ? chosen.search : query.search });
  }

  useEffect(() => {
    if (!isTyping) {
      return undefined;
    }
    const timer = setTimeout(() => {
      setIsTyping(false);
      // The list of the address, which is another one when that was changed while somebody typed.
      open({ ...readListQuery(new URLSearchParams(window.location.search)), search: chosen.search });
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [isTyping, chosen.search]);

  function go(changes: Partial<ListQuery>) {
    const next = { ...chosen, ...changes };
    setChosen(next);
    setIsTyping(false);
    open(next);
  }

  return (
    <search className={styles.filters}>
      <div className={styles.searchBox}>
        <Icon name="search" />
        <label className={controls.visuallyHidden} htmlFor={`${id}-search`}>
          Search
        </label>
        <input
          id={`${id}-search`}
          data-search
          className={controls.input}
          type="search"
          placeholder="Search"
          maxLength={SEARCH_MAX_LENGTH}
          value={chosen.search}
          onChange={(event) => {
            setChosen({ ...chosen, search: event.target.value });
            setIsTyping(true);
          }}
        />
      </div>
      <label className={controls.visuallyHidden} htmlFor={`${id}-priority`}>
        Priority
      </label>
      <select
        id={`${id}-priority`}
        className={controls.select}
        value={chosen.priority ?? ""}
        onChange={(event) => {
          go({ priority: PRIORITIES.find((priority) => priority === event.target.value) ?? null });
        }}
      >
        <option value="">Any priority</option>
        {PRIORITIES.map((priority) => (
          <option key={priority} value={priority}>
            {PRIORITY_WORDS[priority]}
          </option>
        ))}
      </select>
      <label className={controls.visuallyHidden} htmlFor={`${id}-sort`}>
        Sort
      </label>
      <select
        id={`${id}-sort`}
        className={controls.select}
        value={chosen.sort}
        onChange={(event) => {
          go({ sort: SORTS.find((sort) => sort === event.target.value) ?? chosen.sort });
        }}
      >
        {SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {SORT_WORDS[sort]}
          </option>
        ))}
      </select>
      {query.view === "all" && (
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={chosen.isDoneHidden}
            onChange={(event) => {
              go({ isDoneHidden: event.target.checked });
            }}
          />
          Hide done
        </label>
      )}
    </search>
  );
}

function open(query: ListQuery) {
  window.history.replaceState(null, "", listAddress({ ...query, search: query.search.trim() }));
}
