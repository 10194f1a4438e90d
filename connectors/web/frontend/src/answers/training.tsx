// Training: begun, followed, compared with what is in place, and put in place or back.
import { useEffect } from "preact/hooks";
import type { Api } from "../api";
import { a, count, named } from "../text";
import type { ComparedRow, Job, Models, Version } from "./model";
import { Loading, Outcome, useAction, useLoaded } from "./parts";

const LOOK_MS = 2000;

export function TrainingSection({ api }: { api: Api }) {
  const { value, problem, again } = useLoaded(() => api.get<Models>("/knowledge/models"), []);
  const { busy, result, run } = useAction();
  const models = value.value;
  const active = models?.job?.state === "queued" || models?.job?.state === "running";
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(again, LOOK_MS);
    return () => clearInterval(timer);
  }, [active]);
  if (!models) return <Loading problem={problem.value} retry={again} />;
  const call = (path: string, body?: unknown) => run(async () => void (value.value = await api.post<Models>(`/knowledge/models/${path}`, body)));
  const use = (version: string) => call("use", { version });
  return (
    <div class="single">
      <p class="quiet">{a("training_about")}</p>
      <div class="card">
        {models.job && <Progress job={models.job} />}
        <div class="actions">
          {active
            ? <button type="button" class="button quiet" disabled={busy.value} onClick={() => call("stop")}>{a("stop")}</button>
            : <button type="button" class="button" disabled={busy.value} onClick={() => call("train")}>{a("train")}</button>}
          {models.before !== null && models.before !== models.current && (
            <button type="button" class="button quiet" disabled={busy.value} onClick={() => use(models.before!)}>{a("back_to_before")}</button>
          )}
        </div>
        <Outcome result={result} />
      </div>
      <h2>{a("versions")}</h2>
      <ul class="stack">
        {models.versions.map((version) => <VersionCard key={version.name} version={version} busy={busy.value} onUse={() => use(version.name)} />)}
        <li class="card">
          <div class="row">
            <strong>{a("shipped_model")}</strong>
            {models.current === ""
              ? <span class="tag state">{a("in_place")}</span>
              : <button type="button" class="button quiet" disabled={busy.value} aria-label={`${a("put_in_place")}: ${a("shipped_model")}`} onClick={() => use("")}>{a("put_in_place")}</button>}
          </div>
        </li>
      </ul>
    </div>
  );
}

function Progress({ job }: { job: Job }) {
  const active = job.state === "queued" || job.state === "running";
  return (
    <div class="progressing" role="status">
      <p class={job.state === "failed" ? "bad" : ""}>{a(`job_${job.state}`, { why: job.error })}</p>
      {active && <progress aria-label={a("job_running")} max={job.total || undefined} value={job.total ? job.done : undefined} />}
    </div>
  );
}

function VersionCard({ version, busy, onUse }: { version: Version; busy: boolean; onUse: () => void }) {
  const rows = version.comparison?.rows ?? [];
  return (
    <li class="card">
      <div class="row">
        <span><strong>{a("version")} {version.name}</strong> <span class="quiet">{version.date}</span></span>
        {version.in_place
          ? <span class="tag state">{a("in_place")}</span>
          : <button type="button" class={`button ${version.verdict === "better" ? "" : "quiet"}`} disabled={busy} aria-label={`${a("put_in_place")}: ${version.name}`} onClick={onUse}>{a("put_in_place")}</button>}
      </div>
      {version.verdict && <p class={`verdict ${version.verdict}`}>{a(version.verdict)}</p>}
      {rows.length > 0 && <Compared rows={rows} />}
    </li>
  );
}

function Compared({ rows }: { rows: ComparedRow[] }) {
  const share = (right: number, of: number) => `${Math.round((100 * right) / of)} % (${count(right)})`;
  return (
    <div class="scroll">
      <table>
        <caption>{a("compared_on")}</caption>
        <thead>
          <tr><th scope="col">{a("questions")}</th><th scope="col">{a("language")}</th><th scope="col">{a("asked_n")}</th><th scope="col">{a("before")}</th><th scope="col">{a("after")}</th></tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.questions} ${row.language}`}>
              <th scope="row">{named("set", row.questions)}</th>
              <td>{a(row.language === "en" ? "english" : "chinese")}</td>
              <td>{count(row.asked)}</td>
              <td>{share(row.before, row.asked)}</td>
              <td>{share(row.after, row.asked)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
