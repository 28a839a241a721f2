// Calling the rows API with an application key, in the languages that departments' programmers and clerks use.
import { t } from './i18n';

export interface Sample { name: string; text: string }

const bearer = (url: string): Sample[] => [
  { name: 'curl', text: `export QUSHU_KEY='qk_…'\ncurl -H "Authorization: Bearer $QUSHU_KEY" '${url}?_size=100'` },
  {
    name: 'Python',
    text: `import os\nimport requests\n\nsession = requests.Session()\nsession.headers["Authorization"] = "Bearer " + os.environ["QUSHU_KEY"]\nurl, params = "${url}", {"_size": 1000}\nwhile True:\n    answer = session.get(url, params=params, timeout=60)\n    answer.raise_for_status()\n    page = answer.json()\n    for row in page["rows"]:\n        print(row)\n    if not page["next"]:\n        break\n    params["_next"] = page["next"]`,
  },
  {
    name: 'Java',
    text: `import java.net.URI;
import java.net.http.*;

public class Rows {
    public static void main(String[] args) throws Exception {
        var client = HttpClient.newHttpClient();
        var request = HttpRequest.newBuilder(URI.create("${url}?_size=100"))
            .header("Authorization", "Bearer " + System.getenv("QUSHU_KEY"))
            .build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IllegalStateException(answer.body());
        System.out.println(answer.body());
    }
}`,
  },
  {
    name: 'Excel',
    text: `// ${t('数据 → 获取数据 → 空白查询 → 高级编辑器；逐页读到最后一页', 'Data → Get Data → Blank Query → Advanced Editor; page after page to the last')}
let
    Read = (next) => Json.Document(Web.Contents("${url}", [
        Headers = [Authorization = "Bearer qk_…"],
        Query = if next = null then [_size = "1000"] else [_size = "1000", _next = next]
    ])),
    Pages = List.Generate(
        () => Read(null),
        (page) => page <> null,
        (page) => if page[next] = null then null else Read(page[next]),
        (page) => page[rows]
    ),
    Rows = Table.FromRecords(List.Combine(Pages))
in
    Rows`,
  },
];

const signed = (url: string, key: string, kind: string): Sample[] => {
  const where = new URL(url);
  const sm3 = kind === 'hmac-sm3';
  const digest = sm3 ? 'sm3' : 'sha256';
  return [
    {
      name: 'curl',
      text: `export QUSHU_KEY='qk_…'\nquery='_size=100'\nparams="(\\"@method\\" \\"@path\\" \\"@query\\");created=$(date +%s);nonce=\\"$(openssl rand -hex 16)\\";keyid=\\"${key}\\""\nbase=$(printf '"@method": GET\\n"@path": ${where.pathname}\\n"@query": ?%s\\n"@signature-params": %s' "$query" "$params")\nsignature=$(printf %s "$base" | openssl dgst -${digest} -hmac "$QUSHU_KEY" -binary | base64)\ncurl -H "Signature-Input: sig=$params" -H "Signature: sig=:$signature:" "${url}?$query"`,
    },
    {
      name: 'Python',
      text: `import base64, hashlib, hmac, os, secrets, time\nimport requests\n\ndef signed(path, query):\n    params = ('("@method" "@path" "@query");created=%d;nonce="%s";keyid="${key}"'\n              % (time.time(), secrets.token_hex(16)))\n    base = '"@method": GET\\n"@path": %s\\n"@query": ?%s\\n"@signature-params": %s' % (path, query, params)\n    made = hmac.new(os.environ["QUSHU_KEY"].encode(), base.encode(), "${digest}").digest()\n    return {"Signature-Input": "sig=" + params, "Signature": "sig=:%s:" % base64.b64encode(made).decode()}\n\nquery = "_size=100"\nanswer = requests.get("${url}?" + query, headers=signed("${where.pathname}", query), timeout=60)\nanswer.raise_for_status()\nprint(answer.json()["rows"])`,
    },
    {
      name: 'Java',
      text: `import java.net.URI;
import java.net.http.*;
import java.util.*;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Rows {
    public static void main(String[] args) throws Exception {
        var query = "_size=100";
        var params = "(\\"@method\\" \\"@path\\" \\"@query\\");created=" + System.currentTimeMillis() / 1000
            + ";nonce=\\"" + UUID.randomUUID() + "\\";keyid=\\"${key}\\"";
        var base = "\\"@method\\": GET\\n\\"@path\\": ${where.pathname}\\n\\"@query\\": ?" + query
            + "\\n\\"@signature-params\\": " + params;
        var mac = Mac.getInstance("${sm3 ? 'HmacSM3' : 'HmacSHA256'}");${sm3 ? ' // ' + t('需要 Bouncy Castle', 'comes with Bouncy Castle') : ''}
        mac.init(new SecretKeySpec(System.getenv("QUSHU_KEY").getBytes(), "RAW"));
        var signature = Base64.getEncoder().encodeToString(mac.doFinal(base.getBytes()));
        var request = HttpRequest.newBuilder(URI.create("${url}?" + query))
            .header("Signature-Input", "sig=" + params).header("Signature", "sig=:" + signature + ":")
            .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IllegalStateException(answer.body());
        System.out.println(answer.body());
    }
}`,
    },
  ];
};

export const samplesOf = (url: string, key: { id: string; kind: string }): Sample[] => (key.kind === 'bearer' ? bearer(url) : signed(url, key.id, key.kind));
