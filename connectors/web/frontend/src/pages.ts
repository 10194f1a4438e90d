// The style sheet of the pages that need no script.
import "./style/pages.css";
