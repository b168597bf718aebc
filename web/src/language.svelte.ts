/** The language chosen on this screen; Chinese unless someone switched. */

const STORED_AS = "kakou.language";

class Language {
  english = $state(globalThis.localStorage?.getItem(STORED_AS) === "en");

  toggle(): void {
    this.english = !this.english;
    localStorage.setItem(STORED_AS, this.english ? "en" : "zh");
    this.apply();
  }

  apply(): void {
    document.documentElement.lang = this.english ? "en" : "zh-CN";
  }
}

export const language = new Language();
