// What session.cpp, session_head.cpp and server.cpp share of Asio and Beast. Nothing else includes it.
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <set>

#include "session.h"

namespace qushu::http {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using tcp = net::ip::tcp;

// One I/O thread with its own io_context.
struct Loop {
  net::io_context context{1};
  net::executor_work_guard<net::io_context::executor_type> work = net::make_work_guard(context);
  std::optional<tcp::acceptor> acceptor;
  std::set<Connection*> open;  // touched by the loop's own thread only
};

// Serves `socket` until it is closed. On the loop's thread.
void start_session(tcp::socket socket, Loop& loop, Shared& shared, net::ssl::context* tls);

}  // namespace qushu::http
