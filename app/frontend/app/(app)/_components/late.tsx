import { Component, type ComponentType, lazy, type ReactNode, Suspense, useEffect } from "react";
import styles from "./late.module.css";

type Load<Props> = () => Promise<{ default: ComponentType<Props> }>;

/**
 * A part of the page that is loaded when it is first shown. Where that fails, as with no network or in a tab that is older
 * than the last rollout, the part says so, and the page around it stays with all that waits in it.
 */
export function late<Props extends object>(name: string, load: Load<Props>): ComponentType<Props> {
  let Part = lazy(load);
  return class Late extends Component<Props, { isBroken: boolean; wasTriedAgain: boolean }> {
    override state = { isBroken: false, wasTriedAgain: false };

    static getDerivedStateFromError() {
      return { isBroken: true };
    }

    override componentDidCatch() {
      Part = lazy(load); // the failed one would fail for good
    }

    /** The notice stays until the part is there, and with it the focus. */
    private async tryAgain() {
      try {
        await load();
        this.setState({ isBroken: false, wasTriedAgain: true });
      } catch {
        this.setState({ wasTriedAgain: true });
      }
    }

    override render(): ReactNode {
      if (!this.state.isBroken) {
        return (
          <Suspense fallback={null}>
            <Part {...this.props} />
          </Suspense>
        );
      }
      const { onClose } = this.props as { onClose?: () => void };
      return (
        <div className={styles.place} role="alert">
          <p className={styles.notice} data-error="true">
            <span className={styles.text}>{name} could not be shown.</span>
            <span className={styles.buttons}>
              <button
                className={styles.button}
                type="button"
                onClick={() => {
                  void this.tryAgain();
                }}
              >
                Try again
              </button>
              {this.state.wasTriedAgain && (
                // After a rollout, the part that this page would have is gone for good.
                <button
                  className={styles.button}
                  type="button"
                  onClick={() => {
                    window.location.reload();
                  }}
                >
                  Reload
                </button>
              )}
              {onClose !== undefined && (
                <button className={styles.button} type="button" onClick={onClose}>
                  Close
                </button>
              )}
            </span>
          </p>
        </div>
      );
    }
  };
}

/** Loads what may be wanted later, once the browser has nothing else to do; what fails is loaded when it is wanted. */
export function useEarly(loads: (() => Promise<unknown>)[]): void {
  useEffect(() => {
    const loadAll = () => {
      for (const load of loads) {
        load().catch(() => undefined);
      }
    };
    // Safari has no idle callbacks.
    if (typeof window.requestIdleCallback !== "function") {
      const timer = setTimeout(loadAll, 2_000);
      return () => {
        clearTimeout(timer);
      };
    }
    const idle = window.requestIdleCallback(loadAll);
    return () => {
      window.cancelIdleCallback(idle);
    };
  }, [loads]);
}
