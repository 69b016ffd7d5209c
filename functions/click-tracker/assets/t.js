// Tributary's snippet: it remembers by whom a visitor came, and hands it to the check-out. docs/snippet.md says how it
// is placed and configured. Served without these comments; a test holds it below two kilobytes as sent.
(function (w, d) {
  var s = d.currentScript || d.querySelector('script[src$="/t.js"]'), n = navigator, name = 'trb_id', token = '', state = 0, waiting = [];
  function own(key) { return s.getAttribute('data-' + key) || ''; }
  function list(key) { return own(key).split(/[\s,]+/).filter(Boolean); }
  var api = own('api') || s.src.replace(/\/t\.js.*/, '');
  // Whoever sends GPC or DNT gets no cookie: what came with this page's address counts for this page.
  var asked = n.globalPrivacyControl || n.doNotTrack == 1 || w.doNotTrack == 1;

  // What a token says by itself: a number of so many of its bytes. Version first; days that it may be kept at two; the
  // newest touch, which begins with its time, 46 before the end.
  function part(t, from, count) {
    var bytes = atob(t.replace(/-/g, '+').replace(/_/g, '/')), sum = 0;
    for (from += from < 0 ? bytes.length : 0; count--; from++) sum = sum * 256 + bytes.charCodeAt(from);
    return sum;
  }
  function days(t) { return part(t, 2, 2); }
  function time(t) { return part(t, -46, 6); }
  // Junk, a token of tomorrow or one whose time is over is none.
  function good(t) {
    try {
      var age = Date.now() - time(t);
      return /^[\w-]{60,200}$/.test(t) && part(t, 0, 1) == 2 && age > -864e5 && age <= days(t) * 864e5 && days(t) < 367 ? t : '';
    } catch (e) { return ''; }
  }
  function kept() {
    var found = d.cookie.match('(?:^|; )' + name + '=([^;]*)');
    return asked || !found ? '' : good(found[1]);
  }
  function keep(t, age) {
    var domain = own('domain');
    if (!asked) d.cookie = name + '=' + t + ';Path=/;SameSite=Lax;Max-Age=' + age * 86400 + (domain && ';Domain=' + domain) + (location.protocol == 'https:' ? ';Secure' : '');
  }

  // A parameter that the page's own author has set stays.
  function put(url, key, over) {
    if (over || !url.searchParams.has(key)) url.searchParams.set(key, token);
  }
  function link(a) {
    var url, host;
    try { url = new URL(a.href); } catch (e) { return; }
    host = url.hostname;
    if (/^(buy|book|donate)\.stripe\.com$/.test(host) || list('stripe').includes(host)) put(url, 'client_reference_id');
    else if (/\.lemonsqueezy\.com$/.test(host) || list('lemon').includes(host)) put(url, 'checkout[custom][trb]');
    else if (list('hosts').includes(host) && host != location.hostname) put(url, 'trb', 1);
    else return;
    if (url.href != a.href) a.href = url.href;
  }
  function each(what, call) { d.querySelectorAll(what).forEach(call); }
  function fill() {
    if (!token) return;
    each('a[href]', link);
    each('stripe-buy-button,stripe-pricing-table', function (x) {
      if (!x.hasAttribute('client-reference-id')) x.setAttribute('client-reference-id', token);
    });
    each('form[data-tributary],form[data-rewardful]', function (x) {
      var field = x.elements.referral || x.appendChild(d.createElement('input'));
      field.type = 'hidden';
      field.name = 'referral';
      field.value = token;
    });
  }

  function done(t) {
    token = good(t || '');
    if (token) keep(token, days(token));
    if (w.Rewardful) w.Rewardful.referral = token || false;
    state = 2;
    if (d.readyState == 'loading') d.addEventListener('DOMContentLoaded', fill);
    fill();
    waiting.splice(0).forEach(call);
  }
  function start() {
    if (state) return;
    state = 1;
    var at = new URLSearchParams(location.search), before = kept(), landed = good(at.get('trb') || '');
    var code = ['via', 'ref'].concat(list('param')).map(function (key) { return at.get(key); }).find(Boolean);
    // First click: who has come once stays with whom they came by.
    if (own('keep') == 'first' && before) return done(before);
    // A bookmark of a page where somebody once landed does not go before a later click.
    if (landed) return done(before && time(before) > time(landed) ? before : landed);
    if (!code) return done(before);
    // Text needs no leave of the other origin before it is sent.
    fetch(api + '/v1/clicks?via=' + encodeURIComponent(code), {
      method: 'POST', keepalive: true,
      body: JSON.stringify({ token: before, page: location.href, referrer: d.referrer, driven: !!n.webdriver })
    }).then(function (r) { return r.ok ? r.json() : {}; }).catch(Object).then(function (r) { done(r.token || before); });
  }

  function call(x) {
    if (x[0] == 'consent') start();
    else if (x[0] == 'forget') { keep('', 0); token = ''; }
    else if (state < 2) waiting.push(x);
    else if (x[0] == 'ready') x[1](token);
    else if (x[0] == 'fill') fill();
  }
  function answer(global) {
    var queue = (w[global] || 0).q || [];
    w[global] = function () { call(arguments); };
    queue.forEach(call);
  }
  if (s.hasAttribute('data-rewardful')) {
    w.Rewardful = { referral: false };
    answer(w._rwq || 'rewardful');
  }
  answer('tributary');
  // Links that come later are filled when they are followed.
  ['click', 'auxclick'].forEach(function (kind) {
    d.addEventListener(kind, function (e) {
      var a = token && e.target.closest && e.target.closest('a[href]');
      if (a) link(a);
    }, true);
  });
  if (own('consent') != 'wait') d.prerendering ? d.addEventListener('prerenderingchange', start) : start();
})(window, document);
