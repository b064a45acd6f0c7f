/**
 * The templates that receivers use unless their configuration says otherwise. The names are Alertmanager's, so that custom templates
 * which build on them work, and so are the subject line and the list of alerts, by which people and filters recognise its messages.
 */
export const defaultTemplates = String.raw`
{{- define "__alertmanager" }}Alertmanager{{ end -}}
{{- define "__alertmanagerURL" }}{{ .ExternalURL }}/#/alerts?receiver={{ urlquery .Receiver }}{{ end -}}
{{- define "__description" }}{{ end -}}

{{- define "__subject" -}}
  [{{ toUpper .Status }}{{ if eq .Status "firing" }}:{{ len .Alerts.Firing }}{{ end }}]
  {{- " " }}{{ join " " .GroupLabels.SortedPairs.Values }}{{ " " }}
  {{- if gt (len .CommonLabels) (len .GroupLabels) }}({{ join " " (.CommonLabels.Remove .GroupLabels.Names).Values }}){{ end -}}
{{- end -}}

{{- define "__text_alert_list" }}{{ range $alert := . }}{{ print "Labels:\n" }}
  {{- range $alert.Labels.SortedPairs }}{{ printf " - %s = %s\n" .Name .Value }}{{ end }}{{ print "Annotations:\n" }}
  {{- range $alert.Annotations.SortedPairs }}{{ printf " - %s = %s\n" .Name .Value }}{{ end }}{{ printf "Source: %s\n" $alert.GeneratorURL }}
{{- end }}{{ end -}}

{{- define "__text_alert_list_markdown" }}{{ range $alert := . }}{{ print "\nLabels:\n" }}
  {{- range $alert.Labels.SortedPairs }}{{ printf "  - %s = %s\n" .Name .Value }}{{ end }}{{ print "\nAnnotations:\n" }}
  {{- range $alert.Annotations.SortedPairs }}{{ printf "  - %s = %s\n" .Name .Value }}{{ end }}{{ printf "\nSource: %s\n\n" $alert.GeneratorURL }}
{{- end }}{{ end -}}

{{- define "slack.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end -}}
{{- define "slack.default.color" }}{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}{{ end -}}
{{- define "slack.default.callbackid" }}{{ end -}}
{{- define "slack.default.pretext" }}{{ end -}}
{{- define "slack.default.iconemoji" }}{{ end -}}
{{- define "slack.default.iconurl" }}{{ end -}}
{{- define "slack.default.text" }}{{ end -}}
{{- define "slack.default.footer" }}{{ end -}}

{{- define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end -}}
{{- define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end -}}
{{- define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end -}}
{{- define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end -}}

{{- define "email.default.subject" }}{{ template "__subject" . }}{{ end -}}
{{- define "email.default.html" -}}
<!doctype html><html><body style="font-family:sans-serif">
<h2>{{ template "__subject" . }}</h2>
{{ template "__html_alerts" .Alerts.Firing }}{{ template "__html_alerts" .Alerts.Resolved }}
<p><a href="{{ template "__alertmanagerURL" . }}">Show these alerts</a></p>
</body></html>
{{- end -}}
{{- define "__html_alerts" }}{{ range . }}<h3>{{ .Status }}: {{ .Labels.alertname }}</h3><table>
  {{- range .Labels.SortedPairs }}<tr><th align="left">{{ .Name }}</th><td>{{ .Value }}</td></tr>{{ end }}
  {{- range .Annotations.SortedPairs }}<tr><th align="left">{{ .Name }}</th><td>{{ .Value }}</td></tr>{{ end }}</table>
  {{- if .GeneratorURL }}<p><a href="{{ .GeneratorURL }}">Source</a></p>{{ end }}{{ end }}{{ end -}}

{{- define "desktop.default.title" }}{{ template "__subject" . }}{{ end -}}
{{- define "desktop.default.text" }}{{ range $i, $alert := .Alerts }}{{ if lt $i 5 }}{{ if eq .Status "resolved" }}resolved: {{ end }}
  {{- with $alert.Annotations }}{{ or .summary .description $alert.Labels.alertname }}{{ else }}{{ $alert.Labels.alertname }}{{ end }}{{ "\n" }}
  {{- end }}{{ end }}{{ if gt (len .Alerts) 5 }}and {{ len (slice .Alerts 5) }} more{{ end }}{{ end -}}

{{- define "log.default.text" }}{{ template "__subject" . }}{{ with .CommonAnnotations.summary }}: {{ . }}{{ end }}{{ end -}}
`;
