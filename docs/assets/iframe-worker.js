// The search runs in a worker, and a browser starts none for a page that was opened from a folder
// (file://). There, and only there, this runs the worker's script in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      const start = () => {
        const inside = this.frame.contentWindow;
        inside.postMessage = (data) => {
          this.dispatchEvent(new MessageEvent("message", { data }));
        };
        const script = inside.document.createElement("script");
        script.src = url;
        script.onload = () => {
          this.inside = inside;
          this.waiting.splice(0).forEach((data) => this.postMessage(data));
        };
        inside.document.body.appendChild(script);
      };
      if (document.body) {
        document.body.appendChild(this.frame);
        start();
      } else {
        addEventListener("DOMContentLoaded", () => {
          document.body.appendChild(this.frame);
          start();
        });
      }
    }

    postMessage(data) {
      if (this.inside) {
        this.inside.dispatchEvent(new MessageEvent("message", { data }));
      } else {
        this.waiting.push(data);
      }
    }

    terminate() {
      this.frame.remove();
    }
  };
}
