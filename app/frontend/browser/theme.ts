/** How the app looks: as the system does, or always light or dark. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The server reads it too, so that no page flashes in the wrong one. */
export const THEME_COOKIE = "theme";

const YEAR_SECONDS = 365 * 24 * 60 * 60;

export const readTheme = (value: string | undefined): Theme => THEMES.find((theme) => theme === value) ?? "system";

/** The theme of the page that is shown. */
export const currentTheme = (): Theme => readTheme(document.documentElement.dataset.theme);

/** Shows a theme, and remembers it in this browser. */
export function applyTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${THEME_COOKIE}=${theme}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
}
