"""Why the system refused something, in Chinese; Python gives the system's own English."""

from errno import (
    EACCES,
    EBUSY,
    EDQUOT,
    EEXIST,
    EFBIG,
    EIO,
    EISDIR,
    ELOOP,
    EMFILE,
    ENAMETOOLONG,
    ENFILE,
    ENOENT,
    ENOSPC,
    ENOTDIR,
    EPERM,
    EROFS,
)

_REASONS = {
    EACCES: "没有权限",
    EBUSY: "正被占用",
    EDQUOT: "超出了磁盘配额",
    EEXIST: "那里已经有别的东西",
    EFBIG: "文件太大，磁盘放不下",
    EIO: "磁盘出错",
    EISDIR: "那是一个文件夹",
    ELOOP: "链接绕成了圈",
    EMFILE: "打开的文件太多",
    ENAMETOOLONG: "名字太长",
    ENFILE: "打开的文件太多",
    ENOENT: "没有这个文件或文件夹",
    ENOSPC: "磁盘满了",
    ENOTDIR: "路径里有一段不是文件夹",
    EPERM: "没有权限",
    EROFS: "磁盘是只读的",
}


def reason_of(error: OSError) -> str:
    """The reason in a few words; an error that is seldom keeps the words of the system."""
    return _REASONS.get(error.errno or 0) or f"系统说：{error.strerror or error}"
