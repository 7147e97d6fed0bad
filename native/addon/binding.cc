// The only file that knows JavaScript: takes arguments apart, calls one function, puts the result together.

#include <napi.h>
#include <uv.h>

#include <memory>

#include "descriptor.h"
#include "error.h"
#include "exec.h"
#include "lock.h"
#include "memfd.h"
#include "path.h"
#include "pidfd.h"
#include "seccomp.h"
#include "socket.h"
#include "watch.h"

namespace
{

using Napi::CallbackInfo;
using Napi::Value;
using tslxc::SystemError;

// `ENOENT: no such file or directory, openat2 'x'`, with code, errno, syscall and path, as Node's own errors have them.
Napi::Error ToError(Napi::Env env, const SystemError &failure)
{
	char code[32], text[128];
	uv_err_name_r(-failure.number, code, sizeof code);
	uv_strerror_r(-failure.number, text, sizeof text);
	std::string message = std::string(code) + ": " + text + ", " + failure.syscall;
	if (!failure.path.empty())
		message += " '" + failure.path + "'";
	Napi::Error error = Napi::Error::New(env, message);
	error.Set("code", Napi::String::New(env, code));
	error.Set("errno", Napi::Number::New(env, -failure.number));
	error.Set("syscall", Napi::String::New(env, failure.syscall));
	if (!failure.path.empty())
		error.Set("path", Napi::String::New(env, failure.path));
	return error;
}

template <Value (*function)(const CallbackInfo &)> Value Guarded(const CallbackInfo &info)
{
	try {
		return function(info);
	} catch (const SystemError &failure) {
		throw ToError(info.Env(), failure);
	}
}

int Int(const Napi::Value &value)
{
	if (!value.IsNumber())
		throw Napi::TypeError::New(value.Env(), "a number is wanted");
	return value.As<Napi::Number>().Int32Value();
}
uint32_t Unsigned(const Napi::Value &value)
{
	if (!value.IsNumber())
		throw Napi::TypeError::New(value.Env(), "a number is wanted");
	return value.As<Napi::Number>().Uint32Value();
}
uint64_t Wide(const Napi::Value &value)
{
	if (value.IsNumber())
		return static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
	if (!value.IsBigInt())
		throw Napi::TypeError::New(value.Env(), "a number or bigint is wanted");
	bool lossless = true;
	uint64_t wide = value.As<Napi::BigInt>().Uint64Value(&lossless);
	if (!lossless)
		throw Napi::RangeError::New(value.Env(), "a number of 64 bits is wanted");
	return wide;
}
std::string Text(const Napi::Value &value)
{
	if (!value.IsString())
		throw Napi::TypeError::New(value.Env(), "a string is wanted");
	std::string text = value.As<Napi::String>().Utf8Value();
	if (text.find('\0') != std::string::npos)
		throw Napi::TypeError::New(value.Env(), "a string may not contain NUL");
	return text;
}
Napi::Uint8Array Bytes(const Napi::Value &value)
{
	if (!value.IsTypedArray())
		throw Napi::TypeError::New(value.Env(), "a Uint8Array is wanted");
	return value.As<Napi::Uint8Array>();
}

template <typename T, typename Convert> std::vector<T> List(const Napi::Value &value, Convert convert)
{
	if (!value.IsArray())
		throw Napi::TypeError::New(value.Env(), "an array is wanted");
	Napi::Array array = value.As<Napi::Array>();
	std::vector<T> list;
	for (uint32_t i = 0; i < array.Length(); i++)
		list.push_back(convert(array.Get(i)));
	return list;
}

Value TryLock(const CallbackInfo &info)
{
	return Napi::Boolean::New(info.Env(), tslxc::TryLock(Int(info[0]), info[1].ToBoolean()));
}
Value WouldBlock(const CallbackInfo &info)
{
	return Napi::Boolean::New(info.Env(), tslxc::WouldBlock(Int(info[0]), info[1].ToBoolean()));
}
Value Unlock(const CallbackInfo &info)
{
	tslxc::Unlock(Int(info[0]));
	return info.Env().Undefined();
}
Value SetCloseOnExec(const CallbackInfo &info)
{
	tslxc::SetCloseOnExec(Int(info[0]), info[1].ToBoolean());
	return info.Env().Undefined();
}
Value SealedMemfd(const CallbackInfo &info)
{
	Napi::Uint8Array bytes = Bytes(info[1]);
	return Napi::Number::New(info.Env(), tslxc::SealedMemfd(Text(info[0]), bytes.Data(), bytes.ByteLength()));
}
Value OpenAt2(const CallbackInfo &info)
{
	return Napi::Number::New(info.Env(),
	                         tslxc::OpenAt2(Int(info[0]), Text(info[1]), Wide(info[2]), Wide(info[3]), Wide(info[4])));
}
Value PidfdOpen(const CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), tslxc::PidfdOpen(Int(info[0])));
}
Value PidfdSendSignal(const CallbackInfo &info)
{
	return Napi::Boolean::New(info.Env(), tslxc::PidfdSendSignal(Int(info[0]), Int(info[1])));
}

// Returns the function that ends the watch early; after the callback it does nothing.
Value WatchReadable(const CallbackInfo &info)
{
	Napi::Env env = info.Env();
	uv_loop_t *loop = nullptr;
	if (napi_get_uv_event_loop(env, &loop) != napi_ok)
		throw Napi::Error::New(env, "no event loop");
	if (!info[1].IsFunction())
		throw Napi::TypeError::New(env, "a function is wanted");

	struct Call {
		Napi::FunctionReference callback;
		Napi::AsyncContext context;
		tslxc::Watch *watch;
	};
	auto call = std::make_shared<Call>(
	    Call{Napi::Persistent(info[1].As<Napi::Function>()), Napi::AsyncContext(env, "tslxc:watch"), nullptr});
	call->watch = tslxc::Watch::Start(loop, Int(info[0]), [call] {
		call->watch = nullptr;
		Napi::HandleScope scope(call->callback.Env());
		try {
			call->callback.MakeCallback(call->callback.Env().Global(), {}, call->context);
		} catch (const Napi::Error &error) {
			napi_fatal_exception(error.Env(), error.Value());
		}
	});
	return Napi::Function::New(env, [call](const CallbackInfo &) {
		if (call->watch != nullptr)
			call->watch->Stop();
		call->watch = nullptr;
	});
}

Value ReplaceProcess(const CallbackInfo &info)
{
	tslxc::ReplaceProcess(
	    {Text(info[0]), List<std::string>(info[1], Text), List<std::string>(info[2], Text), List<int>(info[3], Int)});
}

Value ConnectUnix(const CallbackInfo &info)
{
	return Napi::Number::New(info.Env(), tslxc::ConnectUnix(Int(info[0]), Text(info[1])));
}
Value SocketPair(const CallbackInfo &info)
{
	auto ends = tslxc::SocketPair();
	Napi::Array result = Napi::Array::New(info.Env(), 2);
	result.Set(0u, Napi::Number::New(info.Env(), ends.first));
	result.Set(1u, Napi::Number::New(info.Env(), ends.second));
	return result;
}
Value PeerCredentials(const CallbackInfo &info)
{
	tslxc::PeerCredentials peer = tslxc::GetPeerCredentials(Int(info[0]));
	Napi::Object result = Napi::Object::New(info.Env());
	result.Set("pid", Napi::Number::New(info.Env(), peer.pid));
	result.Set("uid", Napi::Number::New(info.Env(), peer.uid));
	result.Set("gid", Napi::Number::New(info.Env(), peer.gid));
	return result;
}
Value SendMessage(const CallbackInfo &info)
{
	Napi::Uint8Array bytes = Bytes(info[1]);
	tslxc::SendMessage(Int(info[0]), bytes.Data(), bytes.ByteLength(), List<int>(info[2], Int));
	return info.Env().Undefined();
}
Value ReceiveMessage(const CallbackInfo &info)
{
	tslxc::Message message = tslxc::ReceiveMessage(Int(info[0]), Unsigned(info[1]));
	Napi::Object result = Napi::Object::New(info.Env());
	result.Set("bytes", Napi::Buffer<char>::Copy(info.Env(), message.bytes.data(), message.bytes.size()));
	Napi::Array descriptors = Napi::Array::New(info.Env(), message.descriptors.size());
	for (uint32_t i = 0; i < message.descriptors.size(); i++) {
		descriptors.Set(i, Napi::Number::New(info.Env(), message.descriptors[i]));
	}
	result.Set("descriptors", descriptors);
	return result;
}

tslxc::SeccompArgument ToArgument(const Napi::Value &value)
{
	Napi::Object o = value.As<Napi::Object>();
	return {Unsigned(o.Get("index")), Unsigned(o.Get("op")), Wide(o.Get("value")), Wide(o.Get("mask"))};
}
tslxc::SeccompRule ToRule(const Napi::Value &value)
{
	Napi::Object o = value.As<Napi::Object>();
	return {Text(o.Get("arch")), Text(o.Get("syscall")), Unsigned(o.Get("action")),
	        List<tslxc::SeccompArgument>(o.Get("arguments"), ToArgument)};
}
Value CompileSeccomp(const CallbackInfo &info)
{
	if (!info[0].IsObject())
		throw Napi::TypeError::New(info.Env(), "an object is wanted");
	Napi::Object o = info[0].As<Napi::Object>();
	tslxc::SeccompProgram program =
	    tslxc::CompileSeccomp({Unsigned(o.Get("defaultAction")), Unsigned(o.Get("otherArchAction")),
	                           List<std::string>(o.Get("arches"), Text), List<tslxc::SeccompRule>(o.Get("rules"), ToRule)});
	Napi::Object result = Napi::Object::New(info.Env());
	result.Set("program", Napi::Buffer<char>::Copy(info.Env(), program.bytes.data(), program.bytes.size()));
	Napi::Array unknown = Napi::Array::New(info.Env(), program.unknown.size());
	for (uint32_t i = 0; i < program.unknown.size(); i++) {
		unknown.Set(i, Napi::Number::New(info.Env(), static_cast<double>(program.unknown[i])));
	}
	result.Set("unknown", unknown);
	return result;
}

template <Value (*function)(const CallbackInfo &)> void Export(Napi::Env env, Napi::Object exports, const char *name)
{
	exports.Set(name, Napi::Function::New<Guarded<function>>(env, name));
}

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
	Export<TryLock>(env, exports, "tryLock");
	Export<WouldBlock>(env, exports, "wouldBlock");
	Export<Unlock>(env, exports, "unlock");
	Export<SetCloseOnExec>(env, exports, "setCloseOnExec");
	Export<SealedMemfd>(env, exports, "sealedMemfd");
	Export<OpenAt2>(env, exports, "openAt2");
	Export<PidfdOpen>(env, exports, "pidfdOpen");
	Export<PidfdSendSignal>(env, exports, "pidfdSendSignal");
	Export<WatchReadable>(env, exports, "watchReadable");
	Export<ReplaceProcess>(env, exports, "replaceProcess");
	Export<ConnectUnix>(env, exports, "connectUnix");
	Export<SocketPair>(env, exports, "socketPair");
	Export<PeerCredentials>(env, exports, "peerCredentials");
	Export<SendMessage>(env, exports, "sendMessage");
	Export<ReceiveMessage>(env, exports, "receiveMessage");
	Export<CompileSeccomp>(env, exports, "compileSeccomp");
	return exports;
}

} // namespace

NODE_API_MODULE(tslxc, Init)
