/** What all nginx processes of the benchmarks have in common: one worker, no logs, nothing outside the folder. */
export function nginxConfig(folder: string, http: string): string {
  const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `  ${kind}_temp_path ${folder}/${kind};`,
  );
  // As root nginx would give its worker another user, who can't read a folder of ours.
  const user = process.getuid?.() === 0 ? "user root;\n" : "";
  return `${user}daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
error_log stderr error;
pid ${folder}/nginx.pid;
events { worker_connections 16000; }
http {
  access_log off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 600s;
  client_header_timeout 600s;
  keepalive_requests 1000000000;
  types_hash_max_size 2048;
${temp.join("\n")}
${http}
}
`;
}

/** The command that runs nginx with a configuration file. */
export function nginxCommand(folder: string, file: string): string[] {
  return ["nginx", "-e", "stderr", "-p", folder, "-c", file];
}
